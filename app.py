"""Hourglass: `make app`, or `streamlit run app.py`.

The server imports this file once, to build the application around Streamlit. Streamlit then runs
it as a script, once for each rerun of each visitor.
"""

import streamlit as st

if __name__ != "__main__":
    from pages.ui.server import serve

    app = st.App(__file__, middleware=serve.MIDDLEWARE, lifespan=serve.lifespan)
else:
    from pages.ui import cache, progress
    from pages.ui.frame import FOLDER, errors, sidebar
    from pages.ui.session import links, presence, router, state

    PAGES = (
        st.Page(
            "pages/reconstruct.py", title="Reconstruct", icon=":material/compare:", default=True
        ),
        st.Page("pages/learn.py", title="Learn", icon=":material/school:"),
        st.Page("pages/latent.py", title="Latent space", icon=":material/scatter_plot:"),
        st.Page("pages/outliers.py", title="Outliers", icon=":material/flag:"),
        st.Page("pages/robustness.py", title="Robustness", icon=":material/show_chart:"),
        st.Page("pages/your_images.py", title="Your images", icon=":material/add_photo_alternate:"),
        st.Page("pages/train.py", title="Train", icon=":material/model_training:"),
    )

    st.set_page_config(
        page_title="Hourglass",
        page_icon=str(FOLDER / "mark.svg"),
        layout="wide",
        initial_sidebar_state=308,
        menu_items={
            "About": "Hourglass shows what an autoencoder sees. Nothing here leaves this machine."
        },
    )
    st.html(FOLDER / "app.css")
    st.logo(str(FOLDER / "logo.svg"), size="large", icon_image=str(FOLDER / "mark.svg"))
    page = st.navigation(PAGES)
    state.enter(page.url_path)
    progress.begin()
    presence.begin()
    with errors.shown(), progress.part():
        with st.sidebar, progress.in_place():
            sidebar.draw()
        with router.routing(), links.warned():
            page.run()
    cache.warm_up()  # after the frame, which it would slow down
