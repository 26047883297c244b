-- Names the log group of a line, or drops the line of a pod that belongs to no project.
--
-- Labels of a namespace say whose it is and which log groups there are, as no project can change
-- them. In the stage's own namespaces, where no project can start pods, labels of the pod say for
-- whom it works.

local COMPONENT = "app.kubernetes.io/component"
local GROUPS = "stackyard.dev/log-groups"
local TEAM, PROJECT, STAGE = "stackyard.dev/team", "stackyard.dev/project", "stackyard.dev/stage"
local DROPPED, CHANGED = -1, 2

local function labels(part)
  return type(part) == "table" and type(part["labels"]) == "table" and part["labels"] or {}
end

local function owner(space, pod)
  if not space[PROJECT] then return nil end
  if space[COMPONENT] == "namespace" then return space end
  local own = pod[TEAM] == space[TEAM] and pod[PROJECT] == space[PROJECT]
  if own or not pod[PROJECT] then return nil end
  return pod
end

function route(tag, timestamp, record)
  local space, pod = labels(record["kubernetes_namespace"]), labels(record["kubernetes"])
  local whose = owner(space, pod)
  if not whose then return DROPPED, timestamp, record end
  local audience = pod[COMPONENT] == "training" and "science" or "dev"
  if whose == space then
    local groups = space[GROUPS] or ""
    if not groups:find("science", 1, true) then audience = "dev" end
    if not groups:find("dev", 1, true) then return DROPPED, timestamp, record end
  end
  record["group"] = table.concat({ whose[TEAM], whose[PROJECT], whose[STAGE], audience }, "/")
  return CHANGED, timestamp, record
end
