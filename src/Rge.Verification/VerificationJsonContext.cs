using System.Text.Json.Serialization;
using Rge.Models;

namespace Rge.Verification;

/// <summary>How configurations are written where two of them are compared.</summary>
[JsonSerializable(typeof(QwenVlConfig))]
internal sealed partial class VerificationJsonContext : JsonSerializerContext;
