using System.Text.Json.Nodes;
using Rge.Imaging;
using Rge.Models.Checkpoints;
using Rge.Models.Inputs;
using Rge.Tests.Shared;
using Rge.Text;
using static TorchSharp.torch;

namespace Rge.Models.Tests;

/// <summary>The joint objective on the pairs of a folder of reference vectors, for a model of that folder.</summary>
internal sealed class JointLoss : IDisposable
{
    private readonly JsonNode _cases;
    private readonly QwenTokenizer _tokenizer;
    private readonly SafetensorsFile _patches;
    private readonly JsonNode _grids;

    public JointLoss(string family)
    {
        _cases = JsonNode.Parse(File.ReadAllText(Golden.Require(family, "cases.json")))!;
        _tokenizer = QwenTokenizer.Load(Golden.Require(family, "model"));
        _patches = SafetensorsFile.Open(Golden.Require(family, "image_patches.safetensors"));
        _grids = JsonNode.Parse(File.ReadAllText(Golden.Require(family, "image_grids.json")))!;
        Expected = _cases["joint"]!;
    }

    /// <summary>What the reference found: <c>lm_loss</c>, <c>info_nce</c>, <c>loss</c>, <c>lm_tokens</c>.</summary>
    public JsonNode Expected { get; }

    /// <summary>
    /// Next-token cross entropy over the oracle rationales and their end, averaged over all those tokens, and cross entropy of each query,
    /// pooled at the end of the rationale that it wrote itself, to the targets. One pass for all sequences.
    /// </summary>
    public (Tensor Lm, Tensor InfoNce, int LmTokens) Compute(QwenVlModel model)
    {
        var features = new Dictionary<string, VisionFeatures>(StringComparer.Ordinal);
        JsonNode[] queries = [.. _cases["queries"]!.AsArray().Select(q => q!)],
            targets = [.. _cases["targets"]!.AsArray().Select(t => t!)];
        var names = queries.Concat(targets).SelectMany(Images).Distinct(StringComparer.Ordinal).ToArray();
        var encoded = model.EncodeImages([.. names.Select(Patches)]);
        for (var i = 0; i < names.Length; i++)
            features.Add(names[i], encoded[i]);

        var end = _cases["emb_token_id"]!.GetValue<int>();
        int[][] oracles =
        [
            .. Expected["oracle_rationales"]!.AsArray().Select(r => (int[])[.. _tokenizer.Encode(r!.GetValue<string>()), end]),
        ];
        var inputs = queries
            .Select((q, i) => Input(q, oracles[i]))
            .Concat(queries.Select(q => Input(q, Ended(Ids(q["generated_ids"]!)))))
            .Concat(targets.Select(t => Input(t, [])))
            .ToArray();
        using var states = model.Forward(inputs);
        foreach (var image in encoded)
            image.Dispose();

        var (rows, labels) = (new List<long>(), new List<long>());
        for (var i = 0; i < queries.Length; i++)
        {
            var prompt = Ids(queries[i]["input_ids"]!).Length;
            for (var t = 0; t < oracles[i].Length; t++)
            {
                rows.Add(states.Row(i, prompt + t - 1));
                labels.Add(oracles[i][t]);
            }
        }
        var logits = model.Logits(states.Hidden.index_select(0, tensor(rows.ToArray())));
        var lm = nn.functional.cross_entropy(logits, tensor(labels.ToArray()));
        Tensor own = Pool(queries.Length),
            other = Pool(2 * queries.Length);
        var scores = own.mm(other.t()) / Expected["temperature"]!.GetValue<double>();
        return (lm, nn.functional.cross_entropy(scores, arange(queries.Length)), labels.Count);

        // Where the budget ran out, the end is appended.
        int[] Ended(int[] own) => own[^1] == end ? own : [.. own, end];

        Tensor Pool(int first) =>
            nn.functional.normalize(
                states.Hidden.index_select(0, tensor(queries.Select((_, i) => (long)states.Row(first + i, ^1)).ToArray())),
                dim: 1
            );

        ModelInput Input(JsonNode item, int[] continuation) =>
            new([.. Ids(item["input_ids"]!), .. continuation], [.. Images(item).Select(name => features[name])]);

        PatchedImage Patches(string name)
        {
            using var pixels = _patches.Read(name, ScalarType.Float32);
            int[] grid = Ids(_grids[name]!);
            return new PatchedImage(pixels.data<float>().ToArray(), new ImageGrid(grid[0], grid[1], grid[2]));
        }
    }

    private static IEnumerable<string> Images(JsonNode item) =>
        item["image"] switch
        {
            null => [],
            JsonArray names => names.Select(name => name!.GetValue<string>()),
            var name => [name.GetValue<string>()],
        };

    private static int[] Ids(JsonNode list) => [.. list.AsArray().Select(id => id!.GetValue<int>())];

    public void Dispose() => _patches.Dispose();
}
