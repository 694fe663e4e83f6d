#pragma once

// The one way to valijson's headers: everything must be compiled with the same switches. A bad schema throws instead of
// ending the process. For the few sources that know valijson's model; it is heavy.

#define VALIJSON_USE_EXCEPTIONS 1

#include <valijson/constraints/concrete_constraints.hpp>
#include <valijson/constraints/constraint_visitor.hpp>
#include <valijson/schema.hpp>
#include <valijson/subschema.hpp>
