// A stand-in for the model that writes oracle rationales, to try `rge rationales` without a key: speaks OpenAI's chat completions, sees no
// pictures, and repeats what it is told in three sentences.
//   dotnet run samples/oracle.cs -- [PORT]
#:sdk Microsoft.NET.Sdk.Web
#:property PublishAot=false

using System.Text.Json.Nodes;

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.SetMinimumLevel(LogLevel.Warning);
var app = builder.Build();
app.Urls.Add($"http://127.0.0.1:{(args.Length > 0 ? args[0] : "8137")}");
app.MapPost("/v1/chat/completions", async (HttpRequest request) =>
{
    var body = (await JsonNode.ParseAsync(request.Body))!;
    var text = string.Concat(
        body["messages"]!
            .AsArray()
            .SelectMany(message => message!["content"] is JsonArray parts ? parts.Select(Text) : [(string?)message["content"]])
    );
    // The headings of rge's own prompt.
    var (query, target) = (Between(text, "Query:", "Item to be found:"), Between(text, "Item to be found:", "Write two to four"));
    var rationale = $"There is a query that says: {query}. It asks for the one thing that this fits. So it is {target}.";
    return Results.Json(
        new
        {
            id = "chatcmpl-1",
            @object = "chat.completion",
            created = DateTimeOffset.UtcNow.ToUnixTimeSeconds(),
            model = (string?)body["model"],
            choices = new[]
            {
                new
                {
                    index = 0,
                    finish_reason = "stop",
                    message = new { role = "assistant", content = rationale },
                },
            },
            usage = new
            {
                prompt_tokens = text.Length / 4,
                completion_tokens = rationale.Length / 4,
                total_tokens = (text.Length + rationale.Length) / 4,
            },
        }
    );
});
Console.WriteLine($"http://127.0.0.1:{(args.Length > 0 ? args[0] : "8137")}/v1");
await app.RunAsync();

static string? Text(JsonNode? part) => (string?)part!["text"] ?? "the picture";

static string Between(string text, string from, string to)
{
    var start = text.IndexOf(from, StringComparison.Ordinal) + from.Length;
    return string.Join(
        ' ',
        text[start..text.IndexOf(to, start, StringComparison.Ordinal)].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
    );
}
