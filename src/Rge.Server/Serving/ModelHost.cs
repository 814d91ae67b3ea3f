using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Rge.Imaging;
using Rge.Server.Errors;
using Rge.Server.Requests;

namespace Rge.Server.Serving;

/// <summary>Loads the model while the server already answers, and frees it at the end.</summary>
internal sealed class ModelHost(ModelSource source, ServerOptions options, IHostApplicationLifetime lifetime, ILogger<ModelHost> logger)
    : IHostedService,
        IDisposable
{
    private Task<ServedModel>? _loading;
    private ExceptionDispatchInfo? _failure;

    /// <summary>True when the model is loaded.</summary>
    public bool IsLoaded => _loading is { IsCompletedSuccessfully: true };

    /// <summary>The model.</summary>
    /// <exception cref="ApiException">It is still being loaded, or cannot be (503).</exception>
    public ServedModel Model =>
        IsLoaded ? _loading!.Result
        : HasFailed
            ? throw new ApiException(
                StatusCodes.Status503ServiceUnavailable,
                "The model could not be loaded; the log of the server says why."
            )
            {
                Code = "model_failed",
            }
        : throw new ApiException(StatusCodes.Status503ServiceUnavailable, "The model is still being loaded; ask again in a while.")
        {
            Code = "model_loading",
            RetryAfter = TimeSpan.FromSeconds(1),
        };

    /// <summary>Reads requests by what is known of the model.</summary>
    /// <exception cref="ApiException">It is still being loaded, or cannot be (503).</exception>
    public RequestReader Reader => new(options.Limits, Model.Description);

    /// <summary>Whether there is a reranker, or will be.</summary>
    public bool HasReranker => source.LoadReranker is not null;

    /// <summary>Reads requests by what is known of the reranker.</summary>
    /// <exception cref="ApiException">It is still being loaded, or cannot be (503).</exception>
    public RequestReader RerankReader => new(options.Limits, Model.Reranker!.Description);

    /// <summary>True when the model cannot be loaded.</summary>
    public bool HasFailed => _failure is not null;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStarted.Register(() =>
        {
            _loading = Task.Run(Load, CancellationToken.None);
        });
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Throws what kept the model from being loaded.</summary>
    public void ThrowIfFailed() => _failure?.Throw();

    public void Dispose()
    {
        if (!source.IsOwned)
            return;
        _ = Interlocked
            .Exchange(ref _loading, null)
            ?.ContinueWith(
                loaded =>
                {
                    loaded.Result.Embedder.Dispose();
                    loaded.Result.Reranker?.Reranker.Dispose();
                },
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnRanToCompletion | TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default
            );
    }

    private ServedModel Load()
    {
        try
        {
            var start = Stopwatch.GetTimestamp();
            var embedder = source.Load(
                options.Limits.ToEmbedderOptions() with
                {
                    ModelId = options.ModelNames is [var first, ..] ? first : null,
                }
            );
            var model = Serve(embedder);
            logger.LogInformation(
                "{Model} was loaded in {Seconds:f1} s.",
                model.Description.Name,
                Stopwatch.GetElapsedTime(start).TotalSeconds
            );
            return model;
        }
        catch (Exception e)
        {
            _failure = ExceptionDispatchInfo.Capture(e);
            if (source.EndsProgram)
                lifetime.StopApplication();
            else
                logger.LogCritical(e, "The model cannot be loaded.");
            throw;
        }
    }

    /// <summary>The loaded model with the reranker beside it. Where that cannot be loaded, the model is freed.</summary>
    private ServedModel Serve(ReasoningEmbedder embedder)
    {
        try
        {
            var metadata = embedder.GetService<EmbeddingGeneratorMetadata>()!;
            var names = options.ModelNames.Count > 0 ? options.ModelNames : [metadata.DefaultModelId!];
            return new ServedModel(embedder, Describe(names, metadata.DefaultModelDimensions!.Value, embedder.Processor.Images.Config))
            {
                Reranker = LoadReranker(),
            };
        }
        catch
        {
            if (source.IsOwned)
                embedder.Dispose();
            throw;
        }
    }

    private ServedReranker? LoadReranker()
    {
        if (source.LoadReranker?.Invoke(options.Limits.ToRerankerOptions()) is not { } reranker)
            return null;
        var names = options.RerankerNames.Count > 0 ? options.RerankerNames : [reranker.ModelId ?? "reranker"];
        return new ServedReranker(reranker, Describe(names, dimensions: 1, reranker.Images));
    }

    private static ModelDescription Describe(IReadOnlyList<string> names, int dimensions, ImageProcessorConfig images) =>
        new(names, dimensions, images.MinPixels, images.MaxPixels, images.MergedPatchSide);
}
