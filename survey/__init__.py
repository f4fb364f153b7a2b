"""The listening test: study files, the design of who hears what, the store of answers, and their export."""
