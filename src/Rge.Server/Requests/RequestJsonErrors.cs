using System.Text.Json;
using Rge.Files;
using Rge.Server.Errors;

namespace Rge.Server.Requests;

/// <summary>Errors in the JSON of a request. Stateless and thread-safe.</summary>
internal sealed class RequestJsonErrors : JsonErrors
{
    public static RequestJsonErrors Instance { get; } = new();

    /// <inheritdoc/>
    public override Exception Error(string place, string problem, Exception? cause = null) =>
        ApiException.Invalid(
            $"{(place.Length == 0 ? "The body" : place)} {problem}.",
            place.Length == 0 ? null : place,
            innerException: cause
        );

    /// <inheritdoc/>
    public override string Show(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Null => "missing",
            JsonValueKind.Object or JsonValueKind.Array => KindOf(value),
            _ => base.Show(value),
        };
}
