import os
from playwright.sync_api import sync_playwright
from tests.web import invented
from tests.web.world import PASSWORD
ARGS=["--no-sandbox","--disable-gpu","--disable-background-networking","--disable-component-update","--disable-sync","--no-first-run"]
def test_shoot(world):
    out="/tmp/shots"; os.makedirs(out,exist_ok=True)
    otp=world.add_account("fresh", *__import__("tests.web.world",fromlist=["ACCOUNTS"]).ACCOUNTS["worker"])
    with sync_playwright() as p:
        b=p.chromium.launch(executable_path="/usr/bin/chromium",args=ARGS)
        c=b.new_context(viewport={"width":1180,"height":820}); pg=c.new_page()
        n=[0]
        def shot(name):
            n[0]+=1; pg.screenshot(path=f"{out}/{n[0]:02d}-{name}.png",full_page=True)
        def login(name,pw=PASSWORD,lang="vi"):
            c.clear_cookies()
            pg.goto(world.address+f"/{lang}/sign-in"); pg.fill("#login",name); pg.fill("#password",pw); pg.click("main button")
        pg.goto(world.address+"/"); shot("signin")
        pg.click("main button"); shot("signin-error")
        login("fresh",otp); shot("password")
        login("worker"); shot("today")
        pg.fill("#text","Nguyen Thi Hao"); pg.click("main button[type=submit]"); shot("results")
        pg.click("a.button"); shot("reason")
        pg.click("main button[type=submit]"); shot("reason-error")
        pg.check("input[value=case_work]"); pg.click("main button[type=submit]"); shot("child")
        pg.set_viewport_size({"width":360,"height":740}); shot("child-phone"); pg.set_viewport_size({"width":1180,"height":820})
        login("reviewer",lang="en"); shot("today-reviewer"); pg.click("main a.button"); shot("pair")
        pg.set_viewport_size({"width":360,"height":740}); shot("pair-phone"); pg.set_viewport_size({"width":1180,"height":820})
        login("statistician"); pg.goto(world.address+"/vi/tables/children-by-province-age-sex"); shot("table")
        login("auditor",lang="en"); pg.goto(world.address+"/en/log"); shot("log")
        pg.goto(world.address+"/en/nothing"); shot("404")
        b.close()
