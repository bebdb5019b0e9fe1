"""What operators of a TensorFlow graph may do: https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core/ops."""

import functools
from pathlib import Path

# Operators that no model needs for its predictions, and what they reach.
DANGEROUS = {
    "ReadFile": "reads any file of the machine",
    "WriteFile": "writes any file of the machine",
    "MatchingFiles": "lists the files of the machine",
    "ExperimentalMatchingFilesDataset": "lists the files of the machine",
    "MatchingFilesDataset": "lists the files of the machine",
    "PyFunc": "calls Python code",
    "PyFuncStateless": "calls Python code",
    "EagerPyFunc": "calls Python code",
    "NumpyFunction": "calls Python code",
    "ShellExecute": "runs a shell",
    "Rpc": "calls another machine",
    "TryRpc": "calls another machine",
    "RpcCall": "calls another machine",
    "RpcClient": "calls another machine",
    "RpcServer": "serves other machines",
    "DebugIdentity": "sends tensors to any address or file",
    "DebugIdentityV2": "sends tensors to any address or file",
    "DebugIdentityV3": "sends tensors to any address or file",
}
# Operators that reach files or machines, and belong to training: worth a look in something that is published for use.
REACHING_OUT = {
    **dict.fromkeys(("SaveDataset", "SaveDatasetV2", "CacheDataset", "CacheDatasetV2", "DatasetToTFRecord"), "writes files"),
    **dict.fromkeys(
        ("SnapshotDataset", "SnapshotDatasetV2", "CreateSummaryFileWriter", "CreateSummaryDbWriter"), "writes files"
    ),
    **dict.fromkeys(
        ("LoadDataset", "LoadDatasetV2", "ImmutableConst", "WholeFileReader", "WholeFileReaderV2"), "reads files"
    ),
    **dict.fromkeys(
        ("TextLineReader", "TextLineReaderV2", "TextLineDataset", "TFRecordReader", "TFRecordReaderV2"), "reads files"
    ),
    **dict.fromkeys(("TFRecordDataset", "TFRecordDatasetV2", "FixedLengthRecordReader", "LMDBReader"), "reads files"),
    **dict.fromkeys(("FixedLengthRecordReaderV2", "FixedLengthRecordDataset", "SqlDataset", "CSVDataset"), "reads files"),
    **dict.fromkeys(
        ("RegisterDataset", "RegisterDatasetV2", "DataServiceDataset", "DistributedSave"), "calls another machine"
    ),
    **dict.fromkeys(("ExperimentalDatasetToTFRecord", "FileSystemSetConfiguration"), "writes files"),
    **dict.fromkeys(
        ("ExperimentalCSVDataset", "ExperimentalSqlDataset", "ExperimentalLMDBDataset", "LMDBDataset"), "reads files"
    ),
    **dict.fromkeys(("FixedLengthRecordDatasetV2", "CSVDatasetV2", "LoadAndRemapMatrix"), "reads files"),
    **dict.fromkeys(("DataServiceDatasetV2", "DataServiceDatasetV3", "DataServiceDatasetV4"), "calls another machine"),
    **dict.fromkeys(("BigQueryReader", "GcsConfigureCredentials", "GcsConfigureBlockCache"), "calls another machine"),
}
_INTERNAL = ("_Fused", "_Arg", "_Retval", "_Host", "_Send", "_Recv", "_Switch", "_Xla", "_TPU", "_Array", "_List", "_Mkl")


@functools.cache
def _names() -> frozenset[str]:
    lines = Path(__file__).with_name("tensorflow_operators.txt").read_text("ascii").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def is_known(name: str) -> bool:
    """Whether TensorFlow itself or TensorFlow Text brings the operator."""
    return name in _names() or name.startswith((*_INTERNAL, "TFText>"))
