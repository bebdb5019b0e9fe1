"""Pictures, sound, video, fonts and documents: their structure alone, since a model only carries them along."""
