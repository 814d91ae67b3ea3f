using System.Text.Json.Serialization;

namespace Rge;

/// <summary>How an item becomes JSON without reflection, so that it works in trimmed programs.</summary>
[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(StoredInput))]
internal sealed partial class ContentJsonContext : JsonSerializerContext;
