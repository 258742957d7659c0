"""The API as it describes itself: what FastAPI cannot know is added here, from tables and examples."""
