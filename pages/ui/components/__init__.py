"""What pages show in the browser, one folder a component: its Python, JavaScript and styles."""
