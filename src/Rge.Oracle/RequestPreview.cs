using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rge.Data;
using Rge.Imaging;

namespace Rge.Oracle;

/// <summary>Shows a request as it would be sent, without sending it.</summary>
public static class RequestPreview
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>
    /// The request for a row: method and address, then the body, each image replaced by its size. The key is not part of it.
    /// </summary>
    /// <param name="address">The base address, before <c>/chat/completions</c>.</param>
    /// <param name="model">Name of the model.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="settings">Settings of requests.</param>
    /// <param name="sample">The row.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="Imaging.ImageInputException">An image cannot be used.</exception>
    /// <exception cref="EmbeddingException">A text names an image that its item lacks.</exception>
    public static async Task<string> OfAsync(
        Uri address,
        string model,
        OraclePrompt prompt,
        OracleSettings settings,
        TrainingSample sample,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(settings);
        using var capture = new Capture();
        using var endpoint = OracleEndpoint.Connect(address, model, capture);
        await endpoint.GetResponseAsync(
            [prompt.Fill(sample, source => OracleImage.Encode(source, settings))],
            settings.ChatOptions,
            cancellationToken
        );
        foreach (var part in capture.Body!["messages"]!.AsArray().SelectMany(message => message!["content"] as JsonArray ?? []))
            if (part!["image_url"] is JsonObject image)
                image["url"] = Describe(image["url"]!.GetValue<string>());
        return $"POST {capture.Address}\n{capture.Body.ToJsonString(Indented)}";
    }

    private static string Describe(string dataUri)
    {
        var comma = dataUri.IndexOf(',', StringComparison.Ordinal);
        var bytes = Convert.FromBase64String(dataUri[(comma + 1)..]);
        var image = ImageDecoder.Decode(bytes, "The image");
        return $"{dataUri[..(comma + 1)]}... ({image.Width}×{image.Height} pixels, {bytes.Length} bytes)";
    }

    /// <summary>Keeps a request, and answers as an endpoint would.</summary>
    private sealed class Capture : HttpMessageHandler
    {
        private const string Answer =
            """{"id": "", "object": "chat.completion", "created": 0, "model": "", "choices": [{"index": 0,"""
            + """ "finish_reason": "stop", "message": {"role": "assistant", "content": ""}}]}""";

        public Uri? Address { get; private set; }

        public JsonNode? Body { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            (Address, Body) = (request.RequestUri, JsonNode.Parse(await request.Content!.ReadAsByteArrayAsync(cancellationToken)));
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(Answer, Encoding.UTF8, "application/json") };
        }
    }
}
