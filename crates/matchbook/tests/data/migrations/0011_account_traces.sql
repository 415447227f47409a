UPDATE sync_run SET account = '{"trace":{"accounts":{},"stages":[]}}';
