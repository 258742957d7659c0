import time
from tests.making import *
async def test_x(stage):
    t=time.time(); await stage.footprint(); print("fp", time.time()-t)
    t=time.time(); r=await stage.post("/v1/alerts", record_json()); print(r.status_code, r.text[:300], time.time()-t)
    r=await stage.post_parts("/v1/alerts", record_json(), photo_bytes()); print(r.status_code, r.text[:300], time.time()-t)
    r=await stage.post("/v1/alerts", record_json(organ_code=3)); print(r.status_code, r.text, time.time()-t)
    r=await stage.get("/openapi.json"); print(r.status_code, len(r.text))
    open("/tmp/openapi.json","w").write(r.text)
