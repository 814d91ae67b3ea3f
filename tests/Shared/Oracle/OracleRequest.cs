using System.Text.Json.Nodes;

namespace Rge.Tests.Shared.Oracle;

/// <summary>What <see cref="FakeOracle"/> was asked.</summary>
/// <param name="Body">The body.</param>
/// <param name="Authorization">The header; empty where it was not sent.</param>
internal sealed record OracleRequest(JsonNode Body, string Authorization)
{
    /// <summary>The parts of the only message: texts as they are, images as the beginning of their address.</summary>
    public string[] Parts { get; } =
        Body["messages"]!.AsArray().Single()!["content"] switch
        {
            JsonArray parts => [.. parts.Select(part => (string?)part!["text"] ?? ((string)part["image_url"]!["url"]!)[..20])],
            var text => [(string)text!],
        };

    public string Text => string.Concat(Parts);
}
