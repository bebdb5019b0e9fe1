"""When runs start by themselves: daily ticks that ask for what is due."""
