using System.Runtime.CompilerServices;
using System.Text.Json;
using Rge.Imaging;
using Rge.Models;
using Rge.Prompts;
using static TorchSharp.torch;

namespace Rge.Verification;

/// <summary>
/// Compares this implementation with vectors that a reference implementation has left in a folder: a checkpoint, images, prompts, hidden
/// states, embeddings and rationales; or tokenizer files and texts alone.
/// </summary>
public static class ReferenceVectors
{
    /// <summary>Checks everything that the folder has vectors for.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">Number type and device of the model; <see langword="null"/> for float32 on the CPU.</param>
    /// <param name="progress">Receives each row as soon as it is done.</param>
    /// <param name="cancellationToken">Stops between two quantities.</param>
    /// <returns>A row for each quantity, also for those that the folder lacks.</returns>
    /// <exception cref="CheckpointException">The folder or its checkpoint cannot be used.</exception>
    /// <exception cref="EmbeddingException">The checkpoint has no <c>&lt;emb&gt;</c> token.</exception>
    public static async Task<IReadOnlyList<VerificationRow>> CheckAsync(
        string folder,
        VerificationOptions? options = null,
        IProgress<VerificationRow>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(folder);
        try
        {
            using var reference = new ReferenceFolder(folder);
            var rows = new List<VerificationRow>();
            await foreach (
                var row in CheckAsync(reference, options ?? new VerificationOptions(), cancellationToken)
                    .WithCancellation(cancellationToken)
            )
            {
                cancellationToken.ThrowIfCancellationRequested();
                rows.Add(row);
                progress?.Report(row);
            }
            return rows;
        }
        // What JSON of another shape throws while it is read, or ids and grids that contradict each other.
        catch (Exception e)
            when (e
                    is JsonException
                        or KeyNotFoundException
                        or InvalidOperationException
                        or FormatException
                        or ArgumentException
                        or IndexOutOfRangeException
            )
        {
            throw new CheckpointException($"{folder} is not laid out like reference vectors: {e.Message}", e);
        }
    }

    private static async IAsyncEnumerable<VerificationRow> CheckAsync(
        ReferenceFolder folder,
        VerificationOptions options,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        foreach (var row in TokenizerCheck.Run(folder))
            yield return row;
        if (!folder.HasModel)
            yield break;
        foreach (var row in ImageCheck.Run(folder))
            yield return row;

        // The reference keeps to the file, also where that is a stock one.
        var processor = QwenVlProcessor.Load(
            folder.ModelFolder,
            images: new ImageOptions { MaxPixels = ImageProcessorConfig.FromFolder(folder.ModelFolder).MaxPixels }
        );
        var load = new QwenVlModelOptions { DType = options.DType, Device = options.Device };
        using var model = QwenVlModel.Load(folder.ModelFolder, load);
        foreach (var row in PromptCheck.Run(folder, model.Config, processor, new PromptBuilder(model.Config, processor)))
            yield return row;
        if (options.DType == ScalarType.Float32)
            foreach (var row in DeltaNetCheck.Run(folder, model).Concat(ModelCheck.Run(folder, model, processor)))
                yield return row;
        using var embedder = new ReasoningEmbedder(model, processor);
        var rows =
            options.DType == ScalarType.Float32
                ? await EmbeddingCheck.RunAsync(folder, embedder, options, cancellationToken)
                : await RoundedEmbeddingCheck.RunAsync(folder, embedder, options, cancellationToken);
        foreach (var row in rows)
            yield return row;
        if (options.DType == ScalarType.Float32)
            foreach (var row in await AdapterCheck.RunAsync(folder, processor, load, cancellationToken))
                yield return row;
        foreach (var row in await PresetCheck.RunAsync(folder, options, cancellationToken))
            yield return row;
    }
}
