using Rge.Models.Checkpoints;
using Rge.Tests.Shared;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Checkpoints;

public sealed class CheckpointTests : IDisposable
{
    private const string X = """{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Families() => [.. Golden.Families()];

    [Theory]
    [MemberData(nameof(Families))]
    public void A_sharded_checkpoint_of_the_reference(string family)
    {
        using var scope = NewDisposeScope();
        using var checkpoint = Checkpoint.Open(Golden.Require(family, "model"));
        checkpoint.Require(ParameterLayout.Create(QwenVlConfig.Load(checkpoint.Folder)));
        foreach (var name in checkpoint.Names.Take(5))
        {
            Assert.Equal(name, WeightNames.Canonical(name));
            Assert.Equal(checkpoint.Shape(name), checkpoint.Map(name).shape);
            Assert.Equal(checkpoint.Read(name).bytes.ToArray(), checkpoint.Map(name).bytes.ToArray());
        }
    }

    [Theory]
    [InlineData("x.weight", WeightNaming.New)]
    [InlineData("lm_head.weight", WeightNaming.New)]
    [InlineData("model.visual.x", WeightNaming.New)]
    [InlineData("visual.x", WeightNaming.Old)]
    [InlineData("model.norm.weight", WeightNaming.Old)]
    public void The_naming_of_the_files_is_remembered(string name, WeightNaming expected)
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(_folder.File(Checkpoint.SingleFile), [new(name, ones(2))]);
        using var checkpoint = Checkpoint.Open(_folder.Path);
        Assert.Equal(expected, checkpoint.Naming);
        Assert.Equal([WeightNames.Canonical(name)], checkpoint.Names);
        Assert.Equal(8, checkpoint.ByteLength);
    }

    [Fact]
    public void A_folder_without_weights_is_refused()
    {
        AssertRefused("neither");
        Assert.Contains(
            "does not exist",
            Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder.File("none"))).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("""{"weight_map":{"x":"b.safetensors"}}""", "names b.safetensors, which does not exist")]
    [InlineData("""{"weight_map":{"y":"a.safetensors"}}""", "has no tensor y")]
    [InlineData("""{"weight_map":{"x":"../../a.safetensors"}}""", "expected a .safetensors file of the same folder")]
    [InlineData("""{"weight_map":{"x":"/a.safetensors"}}""", "expected a .safetensors file of the same folder")]
    [InlineData("""{"weight_map":{"x":"..\\a.safetensors"}}""", "expected a .safetensors file of the same folder")]
    [InlineData("""{"weight_map":{"x":"a\u0000.safetensors"}}""", "expected a .safetensors file of the same folder")]
    [InlineData("""{"weight_map":{"x":"pytorch_model.bin"}}""", "expected a .safetensors file of the same folder")]
    [InlineData("""{"weight_map":{"x":7}}""", "places x in 7")]
    [InlineData("""{"weight_map":{"x":null}}""", "places x in null")]
    [InlineData("""{"weight_map":[]}""", "weight_map is missing")]
    [InlineData("""{"weight_map":{}}""", "weight_map is empty")]
    [InlineData("""{"weight_map":{"x":"a.safetensors","x":"b.safetensors"}}""", "not valid JSON")]
    [InlineData("""[]""", "not a JSON object")]
    public void Broken_indexes_are_refused(string index, string expected)
    {
        _folder.WriteSafetensors("a.safetensors", X, 1);
        File.WriteAllText(_folder.File(Checkpoint.IndexFile), index);
        AssertRefused(expected);
    }

    [Fact]
    public void A_tensor_in_two_shards_is_refused()
    {
        _folder.WriteSafetensors("a.safetensors", X, 1);
        _folder.WriteSafetensors(
            "b.safetensors",
            """{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"y":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}""",
            1
        );
        File.WriteAllText(_folder.File(Checkpoint.IndexFile), """{"weight_map":{"x":"a.safetensors","y":"b.safetensors"}}""");
        AssertRefused("b.safetensors: tensor x is in a.safetensors, too");
    }

    [Fact]
    public void A_tensor_under_both_names_is_refused()
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(_folder.File(Checkpoint.SingleFile), [new("visual.x", ones(1)), new("model.visual.x", ones(1))]);
        AssertRefused("tensor visual.x is also there as model.visual.x");
    }

    [Fact]
    public void Tensors_that_do_not_fit_are_reported_at_once()
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(
            _folder.File(Checkpoint.SingleFile),
            [
                new("visual.a", ones(2, 3)),
                new("odd.1", ones(1)),
                new("odd.2", ones(1)),
                new("odd.3", ones(1)),
                new("odd.4", ones(1)),
                new("lm_head.weight", ones(4)),
                new("model.layers.0.self_attn.rotary_emb.inv_freq", ones(4)),
                new("fine", ones(1)),
            ]
        );
        using var checkpoint = Checkpoint.Open(_folder.Path);
        var expected = new Dictionary<string, long[]>(StringComparer.Ordinal)
        {
            ["model.visual.a"] = [3, 2],
            ["gone"] = [5],
            ["fine"] = [1],
        };
        var message = Assert.Throws<CheckpointException>(() => checkpoint.Require(expected, name => name == "lm_head.weight")).Message;
        Assert.Contains(Checkpoint.SingleFile, message, StringComparison.Ordinal);
        Assert.Contains("1 missing: gone, expected with shape [5]", message, StringComparison.Ordinal);
        Assert.Contains("1 of another shape: model.visual.a has shape [2, 3], expected [3, 2]", message, StringComparison.Ordinal);
        Assert.Contains(
            "4 not expected: odd.1 with shape [1], odd.2 with shape [1], odd.3 with shape [1], and 1 more",
            message,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("rotary", message, StringComparison.Ordinal);
        Assert.DoesNotContain("lm_head", message, StringComparison.Ordinal);

        var fitting = checkpoint
            .Names.Where(n => !n.EndsWith("inv_freq", StringComparison.Ordinal))
            .ToDictionary(n => n, checkpoint.Shape, StringComparer.Ordinal);
        checkpoint.Require(fitting);
        Assert.Contains(
            "no tensor gone",
            Assert.Throws<CheckpointException>(() => checkpoint.Map("gone")).Message,
            StringComparison.Ordinal
        );
    }

    private void AssertRefused(string expected)
    {
        var message = Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder.Path)).Message;
        Assert.Contains(_folder.Path, message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }
}
