#pragma once

#include "Application/Ports/AuditLog.h"
#include "Domain/Compatibility.h"
#include "Domain/EventStructure.h"
#include "Domain/Result.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace volcanion::application {

/// The versions of one structure in a transaction that has them alone: neither they nor what the partner demands of
/// them is changed by anybody else before it ends. Lent to one thread for one call. What a method throws is for the
/// store.
class StructureVersions {
 public:
  virtual ~StructureVersions() = default;

  /// What the partner demands.
  virtual domain::Compatibility compatibility() const = 0;
  virtual std::optional<domain::EventStructure> Find(int version) = 0;
  /// The highest version in that state.
  virtual std::optional<domain::EventStructure> Newest(domain::StructureState state) = 0;
  /// Whose place a version takes as the judge when it becomes active: that of the newest active one; else of the newest
  /// that was active once; else, for a structure of one system, of the newest active one of the partner.
  virtual std::optional<domain::EventStructure> Predecessor() = 0;
  /// Which one judges instead when the newest active version is retired: the active one below; else, for a structure of
  /// one system, the newest active one of the partner.
  virtual std::optional<domain::EventStructure> Successor(int retired) = 0;
  /// Stores it as the next version; as it was stored.
  virtual domain::EventStructure Add(const domain::EventStructure& structure) = 0;
  virtual void Update(const domain::EventStructure& structure) = 0;
  virtual void Note(const AuditEntry& entry) = 0;
};

/// A place in a list of structures.
struct StructureKey {
  std::string event_name;
  std::optional<domain::PartnerSystemId> system;
  int version = 0;
};

struct StructureQuery {
  domain::PartnerId partner;
  std::optional<domain::PartnerSystemId> system = {};  ///< those of this system alone
  std::optional<std::string> event_name = {};
  std::optional<domain::StructureState> state = {};
  int limit = 100;
  std::optional<StructureKey> after = {};  ///< the last one of the page before
};

struct StructurePage {
  std::vector<domain::StructureHead> items;
  bool more = false;
};

/// What a new version has to be compatible with.
struct StructureBaseline {
  domain::Compatibility compatibility = domain::Compatibility::kBackward;
  std::optional<domain::EventStructure> predecessor;  ///< see StructureVersions
};

/// Event structures in the write store. Thread-safe; blocks. kUnavailable when the store is away, kNotFound without the
/// partner or a system of it.
class StructureStore {
 public:
  virtual ~StructureStore() = default;

  using Work = std::function<domain::Result<domain::Done>(StructureVersions&)>;
  /// One transaction: committed when `work` succeeds, undone with its error otherwise.
  virtual domain::Result<domain::Done> Change(const domain::StructureIdentity& identity, const Work& work) = 0;

  /// kNotFound without the version, too.
  virtual domain::Result<domain::EventStructure> Get(const domain::StructureIdentity& identity, int version) = 0;
  virtual domain::Result<StructureBaseline> Baseline(const domain::StructureIdentity& identity) = 0;
  /// By event name, then the partner's own before those of systems, then the newest version first.
  virtual domain::Result<StructurePage> List(const StructureQuery& query) = 0;
};

}  // namespace volcanion::application
