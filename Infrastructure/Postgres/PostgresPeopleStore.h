#pragma once

#include "Application/Ports/PeopleStore.h"
#include "Infrastructure/Postgres/SociPool.h"

namespace volcanion::infrastructure {

class PostgresPeopleStore final : public application::PeopleStore {
 public:
  explicit PostgresPeopleStore(SociPool& write_store) : pool_(write_store) {}

  domain::Result<domain::Done> AddPerson(const application::NewPerson& person,
                                         const application::AuditEntry& entry) override;
  domain::Result<application::PersonPage> ListPeople(const application::PersonQuery& query) override;
  domain::Result<application::PersonRow> GetPerson(domain::UserId person) override;
  domain::Result<application::PersonRow> SetActive(domain::UserId person, bool is_active,
                                                   const std::optional<std::vector<int>>& expected_revisions,
                                                   domain::Timestamp now, const application::Author& author) override;
  domain::Result<domain::Done> Invite(const application::Invitation& invitation,
                                      const application::AuditEntry& entry) override;
  domain::Result<application::MemberPage> ListMembers(domain::PartnerId partner,
                                                      const std::optional<std::string>& after, int limit) override;
  domain::Result<application::MemberRow> GetMember(domain::PartnerId partner, domain::MembershipId member) override;
  domain::Result<application::MemberRow> ChangeRole(domain::PartnerId partner, domain::MembershipId member,
                                                    domain::Role role, const application::MemberGuard& guard,
                                                    application::AuditEntry entry) override;
  domain::Result<domain::Done> RemoveMember(domain::PartnerId partner, domain::MembershipId member,
                                            const application::MemberGuard& guard,
                                            application::AuditEntry entry) override;
  domain::Result<std::optional<application::OneTimeHolder>> FindHolder(Purpose purpose, const domain::SecretHash& token,
                                                                       domain::Timestamp now) override;
  domain::Result<bool> StartReset(const domain::Email& email, const domain::SecretHash& token, domain::Timestamp now,
                                  domain::Timestamp expires_at) override;
  domain::Result<bool> Accept(const domain::SecretHash& token, const std::optional<std::string>& password_hash,
                              domain::Timestamp now, const application::Author& author) override;
  domain::Result<bool> ResetPassword(const domain::SecretHash& token, const std::string& password_hash,
                                     domain::Timestamp now, const application::Author& author) override;

 private:
  SociPool& pool_;
};

}  // namespace volcanion::infrastructure
