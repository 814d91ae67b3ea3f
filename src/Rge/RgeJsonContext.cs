using System.Text.Json.Serialization;
using Rge.Imaging;
using Rge.Models;
using Rge.Models.Configuration;

namespace Rge;

/// <summary>How the types of this assembly become JSON without reflection, so that it works in trimmed programs.</summary>
[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(EmbeddingInput))]
[JsonSerializable(typeof(ReasoningEmbedding))]
[JsonSerializable(typeof(ReasoningEmbeddingOptions))]
[JsonSerializable(typeof(StoredEmbedding))]
[JsonSerializable(typeof(EmbedderIdentity))]
[JsonSerializable(typeof(QwenVlConfig))]
[JsonSerializable(typeof(TextConfig))]
[JsonSerializable(typeof(VisionConfig))]
[JsonSerializable(typeof(ImageProcessorConfig))]
internal sealed partial class RgeJsonContext : JsonSerializerContext;
