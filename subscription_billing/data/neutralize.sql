-- a copy bills, sends and charges nothing: it is not armed, and what waited is left to a person
DELETE FROM ir_config_parameter
 WHERE key = 'subscription_billing.armed';
UPDATE subscription_outbox
   SET state = 'held'
 WHERE state = 'waiting';
