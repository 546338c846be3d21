"""What surrounds Streamlit: getting ready, the first moments in the browser, the way to app.py."""
