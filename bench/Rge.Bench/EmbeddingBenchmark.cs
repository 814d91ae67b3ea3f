using System.Diagnostics;
using System.Text.Json.Nodes;
using Rge.Imaging;
using Rge.Models;
using Rge.Models.Inputs;
using Rge.Models.Tensors;
using TorchSharp;

namespace Rge.Bench;

/// <summary>
/// The work of an embedding on a checkpoint of random weights: reading a prompt, writing a rationale, whole queries and targets. Prompts
/// have 256 image tokens and 64 text tokens, rationales 32 tokens, targets 64 text tokens. Prints one JSON line.
/// </summary>
internal sealed class EmbeddingBenchmark
{
    private const int ImageTokens = 256,
        TextTokens = 64,
        RationaleTokens = 32,
        Repeats = 5,
        Steps = 16;

    private readonly Random _random = new(1);
    private readonly QwenVlModel _model;
    private readonly double _loadSeconds;

    private EmbeddingBenchmark(string folder, torch.Device? device = null)
    {
        var watch = Stopwatch.StartNew();
        _model = QwenVlModel.Load(folder, new QwenVlModelOptions { Device = device });
        _loadSeconds = watch.Elapsed.TotalSeconds;
    }

    public static void Run(string folder)
    {
        NativeHeap.KeepFreedMemory();
        var bench = new EmbeddingBenchmark(folder);
        var (result, watch) = (new JsonObject { ["load_s"] = bench._loadSeconds }, Stopwatch.StartNew());
        result["prefill_tokens_per_s"] = (ImageTokens + TextTokens) / Median(Repeats, bench.Prefill);
        foreach (var rows in (int[])[1, 8, 32])
            result[$"decode_tokens_per_s_{rows}"] = rows / bench.Decode(rows);
        result["queries_per_s"] = 1 / Median(3, () => bench.Queries(1));
        result["batched_queries_per_s"] = bench.Queries(32);
        result["targets_per_s"] = 32 / Median(3, () => bench.Targets(32));
        result["total_s"] = watch.Elapsed.TotalSeconds;
        Console.WriteLine(result.ToJsonString());
    }

    /// <summary>
    /// Processor time instead of the clock's, of prefill and of whole queries: with OMP_NUM_THREADS=1 hardly disturbed by other programs.
    /// </summary>
    public static void RunProcessorTime(string folder, int queries)
    {
        NativeHeap.KeepFreedMemory();
        var bench = new EmbeddingBenchmark(folder);
        bench.Prefill();
        var prefills = Enumerable.Range(0, Repeats).Select(_ => Used(bench.Prefill)).ToArray();
        var result = new JsonObject { ["prefill_s"] = prefills.Median(), ["query_s"] = Used(() => bench.Queries(queries)) / queries };
        Console.WriteLine(result.ToJsonString());

        static double Used(Action action)
        {
            var before = Environment.CpuUsage.TotalTime;
            action();
            return (Environment.CpuUsage.TotalTime - before).TotalSeconds;
        }
    }

    /// <summary>
    /// Queries a second by their number, on any device. Prints a line of JSON after each number, with all figures so far: what is stopped
    /// has told what it had.
    /// </summary>
    /// <param name="folder">The checkpoint folder.</param>
    /// <param name="deviceName">The device, as options name it.</param>
    /// <param name="batches">Numbers of queries at a time.</param>
    public static void RunBatches(string folder, string deviceName, int[] batches)
    {
        NativeHeap.KeepFreedMemory();
        if (!DeviceNames.TryResolve(deviceName, out var device, out var problem))
            throw new InvalidOperationException(problem);
        var bench = new EmbeddingBenchmark(folder, device);
        var result = new JsonObject { ["load_s"] = bench._loadSeconds };
        // A GPU is busy only with many tokens at once.
        var prefillTokens = device.type == DeviceType.CPU ? 1024 : 16384;
        bench.Queries(1, prefillTokens);
        foreach (var count in batches)
        {
            // Small numbers of queries vary more, and are repeated more often.
            var repeats = Math.Clamp(8 / count, 1, 3);
            result[$"queries_per_s_{count}"] = Enumerable.Range(0, repeats).Select(_ => bench.Queries(count, prefillTokens)).Median();
            Console.WriteLine(result.ToJsonString());
        }
    }

    private void Prefill()
    {
        var features = _model.EncodeImages([Image()]);
        using var cache = _model.CreateState(1, ImageTokens + TextTokens + 2);
        using var hidden = _model.Prefill([new ModelInput(Prompt(), features)], cache, [0]);
        using var logits = _model.Logits(hidden);
        features[0].Dispose();
    }

    /// <summary>Median seconds of a step, choice of the likeliest token included, after a whole prompt in each row.</summary>
    private double Decode(int rows)
    {
        var features = _model.EncodeImages([Image()]);
        using var cache = _model.CreateState(rows, ImageTokens + TextTokens + 2 + Steps + 2);
        int[] slots = [.. Enumerable.Range(0, rows)];
        foreach (var slot in slots)
            _model.Prefill([new ModelInput(Prompt(), features)], cache, [slot]).Dispose();
        features[0].Dispose();
        int[] tokens = [.. slots.Select(_ => 7)];
        return Median(Steps, () =>
        {
            using var hidden = _model.Step(tokens, cache, slots);
            using var logits = _model.Logits(hidden);
            using var chosen = logits.argmax(-1).cpu();
            tokens = [.. chosen.data<long>().Select(t => (int)t)];
        });
    }

    /// <summary>Queries a second, each with an image of its own, through the decoder as the embedder uses it.</summary>
    private double Queries(int count, int prefillTokens = 1024)
    {
        // Any token can play <emb>: it is banned, so that every rationale has its full length.
        const int EmbToken = 0;
        using var decoder = new DecodingEngine(
            _model,
            EmbToken,
            new DecodingEngineOptions { MaxBatchSize = count, MaxPrefillTokens = prefillTokens }
        );
        var generation = new GenerationOptions { MaxRationaleTokens = RationaleTokens, BannedTokens = [EmbToken] };
        DecodeRequest[] requests =
        [
            .. Enumerable.Range(0, count).Select(_ => new DecodeRequest(Prompt(), [Image()]) { Generation = generation }),
        ];
        var watch = Stopwatch.StartNew();
        Task.WhenAll(requests.Select(request => decoder.DecodeAsync(request))).GetAwaiter().GetResult();
        return count / watch.Elapsed.TotalSeconds;
    }

    private void Targets(int count)
    {
        using var hidden = _model.Encode([.. Enumerable.Range(0, count).Select(_ => new ModelInput(Text(TextTokens)))]);
    }

    private PatchedImage Image()
    {
        var side = (int)Math.Sqrt(ImageTokens) * _model.Config.Vision.SpatialMergeSize;
        var pixels = new float[side * side * _model.Config.Vision.PatchLength];
        for (var i = 0; i < pixels.Length; i++)
            pixels[i] = (float)_random.NextDouble() * 4 - 2;
        return new PatchedImage(pixels, new ImageGrid(1, side, side));
    }

    private int[] Prompt() =>
        [
            _model.Config.VisionStartTokenId,
            .. Enumerable.Repeat(_model.Config.ImageTokenId, ImageTokens),
            _model.Config.VisionEndTokenId,
            .. Text(TextTokens),
        ];

    private int[] Text(int tokens) => [.. Enumerable.Range(0, tokens).Select(_ => _random.Next(1, _model.Config.Text.VocabSize - 30))];

    /// <summary>Median seconds of an action, after one call to warm up.</summary>
    private static double Median(int repeats, Action action)
    {
        action();
        var seconds = new double[repeats];
        for (var i = 0; i < repeats; i++)
        {
            var watch = Stopwatch.StartNew();
            action();
            seconds[i] = watch.Elapsed.TotalSeconds;
        }
        return seconds.Median();
    }
}
