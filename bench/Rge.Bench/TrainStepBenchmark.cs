using System.Diagnostics;
using System.Text.Json.Nodes;
using Rge.Imaging;
using Rge.Models;
using Rge.Models.Inputs;
using Rge.Models.Kernels;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Bench;

/// <summary>
/// A forward and backward pass of the joint objective on a random model of the small trained shape: 64 queries in groups of four that show
/// the same image, each with two rationales, and 64 targets, half of them an image.
/// </summary>
internal sealed class TrainStepBenchmark : IDisposable
{
    private const int Queries = 64,
        Group = 4,
        Prompt = 45,
        Rationale = 20,
        Target = 25,
        ImagePad = 590;

    private const string Config = """
        { "model_type": "qwen2_5_vl", "hidden_size": 128, "intermediate_size": 384, "num_hidden_layers": 4, "num_attention_heads": 4,
          "num_key_value_heads": 4, "vocab_size": 600, "rope_theta": 10000.0,
          "rope_scaling": { "type": "mrope", "mrope_section": [4, 6, 6] }, "tie_word_embeddings": true,
          "image_token_id": 590, "video_token_id": 591, "vision_start_token_id": 588, "vision_end_token_id": 589,
          "vision_config": { "depth": 2, "hidden_size": 128, "intermediate_size": 256, "num_heads": 4, "out_hidden_size": 128,
            "patch_size": 14, "window_size": 112, "fullatt_block_indexes": [0, 1] } }
        """;

    private readonly QwenVlModel _model;
    private readonly PatchedImage[] _queryImages;
    private readonly PatchedImage[] _targetImages;
    private readonly int[][] _prompts;
    private readonly int[][] _rationales;
    private readonly int[][] _targets;
    private readonly Dictionary<string, double> _parts = new(StringComparer.Ordinal);

    public TrainStepBenchmark()
    {
        var config = QwenVlConfig.Parse(JsonNode.Parse(Config)!.AsObject(), "small");
        _model = new QwenVlModel(
            config,
            ParameterLayout
                .Create(config)
                .ToDictionary(
                    p => p.Key,
                    p => (p.Value.Length == 1 ? ones(p.Value) : randn(p.Value) * 0.05).requires_grad_(true),
                    StringComparer.Ordinal
                )
        );
        var random = new Random(1);
        int[] image = [588, .. Enumerable.Repeat(ImagePad, 9), 589],
            system = Text(15);
        _queryImages = [.. Enumerable.Range(0, Queries / Group).Select(_ => Image())];
        _targetImages = [.. Enumerable.Range(0, Queries / 2).Select(_ => Image())];
        _prompts =
        [
            .. Enumerable.Range(0, Queries).Select(_ => (int[])[.. system, .. image, .. Text(Prompt - image.Length - system.Length)]),
        ];
        _rationales = [.. Enumerable.Range(0, 2 * Queries).Select(_ => Text(Rationale))];
        _targets =
        [
            .. Enumerable
                .Range(0, Queries)
                .Select(i =>
                    (int[])
                        [
                            .. system,
                            .. i % 2 == 0 ? [] : image,
                            .. Text(Target - system.Length - (i % 2 == 0 ? 0 : image.Length) is var rest && rest > 0 ? rest : 1),
                        ]
                ),
        ];

        int[] Text(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(500))];

        PatchedImage Image() => new([.. Enumerable.Range(0, 36 * 1176).Select(_ => random.NextSingle() * 2 - 1)], new ImageGrid(1, 6, 6));
    }

    /// <param name="rounds">Steps of each kind, of which the median is reported.</param>
    /// <param name="only">Number of threads, with kernels, for a profiler; null for all kinds.</param>
    public static void Run(int rounds, int? only)
    {
        NativeHeap.KeepFreedMemory();
        using var gradients = enable_grad();
        using var benchmark = new TrainStepBenchmark();
        foreach (var threads in only is { } one ? [one] : new[] { 1, 2 })
        {
            set_num_threads(threads);
            foreach (var kernels in only is null ? new[] { false, true } : [true])
            {
                CpuKernels.Enabled = kernels;
                benchmark.Step();
                var steps = Enumerable.Range(0, rounds).Select(_ => benchmark.Step()).ToArray();
                Console.WriteLine(
                    $"{threads} threads, kernels {(kernels ? "on " : "off")}: "
                        + string.Join(", ", steps[0].Keys.Select(part => $"{part} {steps.Select(s => s[part]).Median():F1}"))
                        + " ms"
                );
            }
        }
    }

    private Dictionary<string, double> Step()
    {
        using var scope = NewDisposeScope();
        _parts.Clear();
        var (start, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        var began = cpu;
        var features = _model.EncodeImages([.. _queryImages, .. _targetImages]);
        Tick("images");
        var inputs = new List<ModelInput>();
        for (var q = 0; q < 2 * Queries; q++)
            inputs.Add(new([.. _prompts[q / 2], .. _rationales[q]], [features[q / 2 / Group]]));
        for (var t = 0; t < Queries; t++)
            inputs.Add(new(_targets[t], t % 2 == 0 ? [] : [features[_queryImages.Length + t / 2]]));
        // What is predicted, and what is pooled.
        Range[] wanted =
        [
            .. Enumerable
                .Range(0, inputs.Count)
                .Select(i => i >= 2 * Queries || i % 2 == 1 ? Range.StartAt(^1) : (Prompt - 1)..(Prompt + Rationale - 1)),
        ];
        using var states = _model.Forward(inputs, wanted);
        Tick("decoder");
        var (rows, labels) = (new List<int>(), new List<long>());
        for (var q = 0; q < 2 * Queries; q += 2)
        {
            for (var t = 0; t < Rationale; t++)
            {
                rows.Add(states.Row(q, Prompt + t - 1));
                labels.Add(_rationales[q][t]);
            }
        }
        var lm = nn.functional.cross_entropy(_model.Logits(states.Select(rows)), tensor(labels.ToArray()));
        var own = nn.functional.normalize(states.Select([.. Enumerable.Range(0, Queries).Select(q => states.Row(2 * q + 1, ^1))]), dim: 1);
        var other = nn.functional.normalize(
            states.Select([.. Enumerable.Range(0, Queries).Select(t => states.Row(2 * Queries + t, ^1))]),
            dim: 1
        );
        var loss = lm + nn.functional.cross_entropy(own.mm(other.t()) / 0.02, arange(Queries));
        Tick("losses");
        loss.backward();
        Tick("backward");
        foreach (var parameter in _model.Parameters.Values)
            parameter.grad?.zero_();
        foreach (var image in features)
            image.Dispose();
        _parts.Add("step", _parts.Where(p => !p.Key.EndsWith("processor", StringComparison.Ordinal)).Sum(p => p.Value));
        _parts.Add("processor", (Environment.CpuUsage.TotalTime - began).TotalMilliseconds);
        _parts.Add("rows", states.Hidden.shape[0]);
        return new(_parts, StringComparer.Ordinal);

        void Tick(string part)
        {
            _parts.Add(part, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            _parts.Add(part + " processor", (Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds);
            (start, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        }
    }

    public void Dispose() => _model.Dispose();
}
