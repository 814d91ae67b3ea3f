using System.Text.Json.Serialization;

namespace Rge.Hub;

/// <summary>Reads the server's answers without reflection, so that it works in trimmed programs.</summary>
[JsonSerializable(typeof(HubListing))]
internal sealed partial class HubJsonContext : JsonSerializerContext;
