"""Originals of a person's images for components and pages: their address, and the file sent."""

import io
from urllib.parse import urlencode

import streamlit as st
from PIL import Image

from core.data.own import originals as own_originals

PATH = "hourglass/original"  # what the browser asks for; see server/originals.py
EXACT = 512 * 512  # pixels up to which a picture is sent without loss


def address(data_id: str, image_id: str) -> str:
    """Where a browser finds the original of an image, decoded and encoded anew; "" if there is
    none, as far as can be told without reading it.
    """
    if not own_originals.may_be_had(data_id, image_id):
        return ""
    base = st.get_option("server.baseUrlPath").strip("/")
    query = urlencode({"set": data_id, "id": image_id}, errors="replace")
    return f"{f'/{base}' if base else ''}/{PATH}?{query}"


def encoded(image: Image.Image) -> tuple[bytes, str]:
    """A picture as a file without metadata, and its media type: PNG if small, else JPEG."""
    file = io.BytesIO()
    if image.width * image.height <= EXACT:
        image.save(file, "PNG")
        return file.getvalue(), "image/png"
    image.save(file, "JPEG", quality=92, subsampling=0)
    return file.getvalue(), "image/jpeg"
