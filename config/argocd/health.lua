-- Health of the kinds of faspex.io for Argo CD: Stalled wins, then a status of an older generation, then Ready.
local health = {status = "Progressing", message = "Waiting for the operator"}
local status = obj.status
if status == nil or status.conditions == nil then
  return health
end
local ready, reconciling
for _, condition in ipairs(status.conditions) do
  if condition.type == "Stalled" and condition.status == "True" then
    return {status = "Degraded", message = condition.message}
  elseif condition.type == "Ready" then
    ready = condition
  elseif condition.type == "Reconciling" then
    reconciling = condition
  end
end
if status.observedGeneration ~= nil and status.observedGeneration ~= obj.metadata.generation then
  return health
end
if obj.spec ~= nil and obj.spec.suspend == true then
  return {status = "Suspended", message = "Reconciliation is suspended"}
end
if reconciling ~= nil and reconciling.status == "True" then
  return {status = "Progressing", message = reconciling.message}
end
if ready == nil then
  return health
end
if ready.reason == "Hibernated" then
  return {status = "Suspended", message = ready.message}
end
if ready.status == "True" then
  return {status = "Healthy", message = ready.message}
end
health.message = ready.message
return health
