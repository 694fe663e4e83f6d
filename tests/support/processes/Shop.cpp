#include "tests/support/processes/Shop.h"

namespace volcanion::test::processes {

namespace {

constexpr char kAddShop[] = R"sql(
  INSERT INTO write.partners (partner_id, name, created_at)
  VALUES ('00000000-0000-7000-8000-000000000001', 'Shop', now());
  INSERT INTO write.partner_systems (partner_system_id, partner_id, name, invalid_events, created_at)
  VALUES ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', 'Website', 'flag', now());
  INSERT INTO write.api_keys (api_key_id, partner_system_id, name, prefix, key_hash, created_at)
  VALUES ('00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000002', 'key', 'key',
          sha256('key-of-the-shop'), now());
  INSERT INTO write.admin_tokens (token_hash, name, prefix) VALUES (sha256('token-of-the-administrator'), 'admin', 'tok');
  INSERT INTO write.event_structures (structure_id, partner_id, event_name, version, schema, state, created_at)
  VALUES ('00000000-0000-7000-8000-000000000004', '00000000-0000-7000-8000-000000000001', 'purchase', 1,
          '{"type":"object","properties":{"amount":{"type":"number","minimum":0}}}', 'active', now());
)sql";

}  // namespace

void AddShop(const std::string& write_dsn) { Sql(write_dsn, kAddShop); }

}  // namespace volcanion::test::processes
