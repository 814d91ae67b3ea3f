using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;

namespace Rge.Oracle;

/// <summary>A model behind an API like OpenAI's (chat completions with images). Sends each request once. Thread-safe.</summary>
public sealed class OracleEndpoint : DelegatingChatClient
{
    private readonly HttpClient _http;

    private OracleEndpoint(IChatClient client, HttpClient http)
        : base(client) => _http = http;

    /// <summary>Makes a client; nothing is sent yet.</summary>
    /// <param name="address">The base address, before <c>/chat/completions</c>: https://api.openai.com/v1.</param>
    /// <param name="model">Name of the model.</param>
    /// <param name="apiKey">Key that is sent with requests and never shown; <see langword="null"/> where the endpoint needs none.</param>
    public static OracleEndpoint Connect(Uri address, string model, string? apiKey) =>
        Connect(
            address,
            model,
            new Transport(
                apiKey,
                new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(30), PooledConnectionLifetime = TimeSpan.FromMinutes(10) }
            ),
            apiKey
        );

    internal static OracleEndpoint Connect(Uri address, string model, HttpMessageHandler transport, string? apiKey = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentException.ThrowIfNullOrEmpty(model);
        var http = new HttpClient(transport) { Timeout = Timeout.InfiniteTimeSpan };
        var options = new OpenAIClientOptions
        {
            Endpoint = address,
            Transport = new HttpClientPipelineTransport(http),
            // Retries and time limits are the caller's, who sees what an answer says as well.
            RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
            UserAgentApplicationId = "rge",
        };
        return new OracleEndpoint(new ChatClient(model, new ApiKeyCredential(apiKey ?? "none"), options).AsIChatClient(), http);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _http.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Sends no key where there is none, bounds answers, and blanks out a key that a server repeats in an error.</summary>
    private sealed class Transport(string? apiKey, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        private const long MaxAnswerBytes = 16 << 20;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (apiKey is null)
                request.Headers.Authorization = null;
            var response = await base.SendAsync(request, cancellationToken);
            await response.Content.LoadIntoBufferAsync(MaxAnswerBytes, cancellationToken);
            if (apiKey is null || response.IsSuccessStatusCode)
                return response;
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            response.Content = new StringContent(text.Replace(apiKey, "***", StringComparison.Ordinal), Encoding.UTF8, "application/json");
            return response;
        }
    }
}
