"""`./dev demo` does the main job, and a visitor with a browser can use the site it leaves running."""

import re
import subprocess
import sys

STEPS = {
    "migrate": "no request",
    "upload a picture": "1 PutObject",
    "open the gallery": "no request",  # signing is string work
    "fetch the picture": "no request",  # the visitor asks the bucket, not the site
}


def test_the_walk_prints_requests_and_times(demo_script):
    result = subprocess.run([sys.executable, demo_script], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "byte for byte" in result.stdout
    for step, cost in STEPS.items():
        assert re.search(rf"{step}.*\d ms .*{cost}", result.stdout), result.stdout


def test_a_picture_uploaded_in_a_browser_appears_in_the_gallery(site_address, browser, tmp_path):
    from PIL import Image
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    picture = tmp_path / "browser picture.png"
    Image.effect_noise((321, 123), 80).save(picture)

    browser.get(site_address)
    before = len(browser.find_elements(By.CSS_SELECTOR, "figure img"))
    browser.find_element(By.NAME, "title").send_keys("From a browser")
    browser.find_element(By.NAME, "image").send_keys(str(picture))
    browser.find_element(By.CSS_SELECTOR, "#upload button").click()
    WebDriverWait(browser, 20).until(lambda page: len(page.find_elements(By.CSS_SELECTOR, "figure img")) == before + 1)

    shown = browser.find_element(By.CSS_SELECTOR, "img[alt='From a browser']")
    WebDriverWait(browser, 20).until(lambda page: page.execute_script("return arguments[0].naturalWidth", shown) == 321)
    assert "X-Amz-Signature=" in shown.get_attribute("src")
    # The style sheet came from the bucket under its hashed name, and took effect.
    columns = browser.execute_script("return getComputedStyle(document.querySelector('.pictures')).display")
    assert columns == "grid"

    browser.get(site_address + "/requests/")
    assert "PutObject" in browser.find_element(By.ID, "ledger").text
    assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def test_a_file_that_is_no_picture_is_refused_with_a_reason(site_address, browser, tmp_path):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    file = tmp_path / "notes.png"
    file.write_text("no picture")
    browser.get(site_address)
    browser.find_element(By.NAME, "title").send_keys("Notes")
    browser.find_element(By.NAME, "image").send_keys(str(file))
    browser.find_element(By.CSS_SELECTOR, "#upload button").click()
    WebDriverWait(browser, 20).until(lambda page: "valid image" in page.page_source)
