using System.CommandLine;
using Rge.Cli.Options;
using Rge.Cli.Output;
using Rge.Server;

namespace Rge.Cli.Verbs;

/// <summary><c>rge serve</c>: the HTTP API.</summary>
internal static class ServeVerb
{
    /// <summary>API keys, separated by commas.</summary>
    private const string KeysVariable = "RGE_API_KEYS";

    private const string RerankerOption = "--reranker";

    public static Command Create(Terminal terminal)
    {
        // Many ask at once, and a step of more rows takes hardly longer; what they keep is bounded by max_cache_tokens all the same.
        var model = new ModelOptions(batch: 64);
        var config = new Option<FileInfo?>("--config")
        {
            Description = "JSON file of settings, see docs/server.md; options of the command line replace what it says.",
        };
        var urls = new Option<string[]>("--url")
        {
            Description = "Address to listen on; may be given several times. http://127.0.0.1:8000 unless given.",
            AllowMultipleArgumentsPerToken = true,
        };
        urls.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (ServerOptions.UrlProblem(token.Value) is { } problem)
                    result.AddError($"--url is {problem}");
        });
        var names = new Option<string[]>("--model-name")
        {
            Description = "Name by which requests may call the model; may be given several times. The folder's unless given.",
            AllowMultipleArgumentsPerToken = true,
        };
        var rerankerNames = new Option<string[]>("--reranker-name")
        {
            Description = "Name by which requests may call the reranker; may be given several times. The folder's unless given.",
            AllowMultipleArgumentsPerToken = true,
        };
        var hosts = new Option<string[]>("--image-host")
        {
            Description = "Host that image URLs may name, *.example.org for all below one; may be given several times. None unless given.",
            AllowMultipleArgumentsPerToken = true,
        };
        var keys = new Option<FileInfo?>("--api-key-file")
        {
            Description =
                $"File of API keys, one a line; changes to it count without a restart. Keys in the environment's {KeysVariable}, "
                + "separated by commas, count too; without any, everybody may ask.",
        };
        var store = new Option<string?>("--store")
        {
            Description =
                "Where collections are: a file (SQLite), or a PostgreSQL server with pgvector; better in "
                + $"{CollectionOptions.StoreVariable} when it has a password.  [default: rge.db]",
        };
        var drain = new Option<int?>("--drain-seconds")
        {
            Description =
                "Seconds to still serve after SIGTERM or Ctrl-C while /health/ready already says 503, so that a load balancer stops "
                + "sending requests first.  [default: 0]",
        };
        var bodies = new Option<long?>("--max-body-memory")
        {
            Description =
                "Bytes of request bodies and fetched images in memory at once, over all requests; more is answered with 429.  "
                + $"[default: {new ServerLimits().MaxBodyMemoryBytes}]",
        };
        var reranker = new RerankerChoice(RerankerOption, "Serves POST /v1/rerank and /v2/rerank.");
        var command = new Command(
            "serve",
            "Serve a page to search with, and an API: embeddings in the shapes of OpenAI, vLLM, Jina, Cohere and Voyage, rationales as "
                + "they are written, reranking in the shapes of Cohere and Jina, collections."
        )
        {
            config,
            urls,
            names,
            rerankerNames,
            store,
            hosts,
            keys,
            drain,
            bodies,
        };
        reranker.AddTo(command);
        model.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(rerankerNames) is not null && result.GetResult(RerankerOption) is null)
                result.AddError($"{rerankerNames.Name} was given without {RerankerOption}, which it is a name for.");
        });
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var file = parsed.GetValue(config) is { } path ? ServerOptions.Load(path.FullName) : new ServerOptions();
                var options = file with
                {
                    Urls = parsed.GetValue(urls) is { Length: > 0 } addresses ? addresses : file.Urls,
                    ModelNames = parsed.GetValue(names) is { Length: > 0 } called ? called : file.ModelNames,
                    RerankerNames = parsed.GetValue(rerankerNames) is { Length: > 0 } known ? known : file.RerankerNames,
                    ImageHosts = parsed.GetValue(hosts) is { Length: > 0 } allowed ? allowed : file.ImageHosts,
                    Store = parsed.GetValue(store) ?? file.Store ?? CollectionOptions.DefaultStore,
                    ApiKeyFile = parsed.GetValue(keys)?.FullName ?? file.ApiKeyFile,
                    DrainSeconds = parsed.GetValue(drain) ?? file.DrainSeconds,
                    Limits = file.Limits with { MaxBodyMemoryBytes = parsed.GetValue(bodies) ?? file.Limits.MaxBodyMemoryBytes },
                    ApiKeys = (Environment.GetEnvironmentVariable(KeysVariable) ?? "").Split(
                        ',',
                        StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries
                    ),
                };
                await RgeServer.RunAsync(
                    options,
                    basis => model.Load(parsed, basis),
                    addresses =>
                        terminal.Remark(
                            $"Serving at {string.Join(", ", addresses)}: a page to search with, and at /reference what the API is. "
                                + "Ctrl-C stops."
                        ),
                    reranker.IsGiven(parsed) ? basis => reranker.Load(parsed, model, basis) : null,
                    cancellationToken
                );
                return ExitCodes.Success;
            }
        );
        return command;
    }
}
