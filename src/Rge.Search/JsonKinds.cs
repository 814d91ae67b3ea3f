using System.Text.Json;

namespace Rge.Search;

/// <summary>What JSON values are called when a person reads of them, and texts that may not be texts.</summary>
internal static class JsonKinds
{
    public static string Name(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "a list",
            JsonValueKind.String => "a text",
            JsonValueKind.Number => "a number",
            JsonValueKind.True or JsonValueKind.False => "true or false",
            _ => "null",
        };

    /// <summary>The text of a value; <see langword="null"/> where its escapes are half of a character.</summary>
    public static string? TextOf(JsonElement value) => Whole(() => value.GetString()!);

    /// <inheritdoc cref="TextOf"/>
    public static string? NameOf(JsonProperty member) => Whole(() => member.Name);

    private static string? Whole(Func<string> text)
    {
        try
        {
            return text();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
