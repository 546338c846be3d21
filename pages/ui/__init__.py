"""What the pages share. Besides app.py and the pages the only place that knows Streamlit."""
