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
    from pages.ui.session import links, presence, registry, router, state

    PAGES = tuple(
        st.Page(one.file, title=one.title, icon=one.icon, default=one is registry.PAGES[0])
        for one in registry.PAGES
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
