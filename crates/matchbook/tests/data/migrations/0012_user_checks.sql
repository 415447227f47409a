UPDATE host_salesforce_user SET active = 1, checked_at = 1777885200000000;
