using System.Text.Json;

namespace Rge.Server.Tests;

/// <summary>An answer that has OpenAI's error object.</summary>
public sealed record ErrorSeen(int Status, string Message, string Type, string? Param, string? Code, TimeSpan? RetryAfter)
{
    /// <summary>Reads an answer; fails where it has no such object, or shows what a client must not see.</summary>
    public static async Task<ErrorSeen> ReadAsync(HttpResponseMessage response, bool shaped = true)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode is >= 400 and < 600, $"{(int)response.StatusCode}: {text}");
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        using var json = JsonDocument.Parse(text);
        // Cohere's and Voyage's clients look for the sentence in a member of their own.
        var own = !shaped
            ? null
            : response.RequestMessage?.RequestUri?.AbsolutePath switch
            {
                "/v2/embed" or "/v2/rerank" => "message",
                "/v1/multimodalembeddings" or "/v1/rerank" => "detail",
                _ => null,
            };
        if (own is not null)
            Assert.Equal(
                json.RootElement.GetProperty("error").GetProperty("message").GetString(),
                json.RootElement.GetProperty(own).GetString()
            );
        var error = Assert.Single(json.RootElement.EnumerateObject(), member => member.Name != own);
        Assert.Equal("error", error.Name);
        Assert.Equal(["message", "type", "param", "code"], error.Value.EnumerateObject().Select(member => member.Name));
        var message = error.Value.GetProperty("message").GetString()!;
        // One sentence: no stack, no name of a type, no line break.
        Assert.DoesNotContain("   at ", message, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", message, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.EndsWith(".", message, StringComparison.Ordinal);
        return new ErrorSeen(
            (int)response.StatusCode,
            message,
            error.Value.GetProperty("type").GetString()!,
            error.Value.GetProperty("param").GetString(),
            error.Value.GetProperty("code").GetString(),
            response.Headers.RetryAfter?.Delta
        );
    }
}
