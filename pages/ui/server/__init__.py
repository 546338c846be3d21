"""Code around Streamlit in the server: access rules, our index.html, preloading."""
