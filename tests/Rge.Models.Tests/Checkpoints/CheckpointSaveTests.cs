using Rge.Models.Checkpoints;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Checkpoints;

public sealed class CheckpointSaveTests : IDisposable
{
    private const long OneFile = long.MaxValue,
        Shards = 16;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(WeightNaming.Old, OneFile)]
    [InlineData(WeightNaming.Old, Shards)]
    [InlineData(WeightNaming.New, OneFile)]
    [InlineData(WeightNaming.New, Shards)]
    public void What_is_saved_is_opened(WeightNaming naming, long maxShardBytes)
    {
        using var scope = NewDisposeScope();
        Checkpoint.Save(_folder.File("new folder"), Tensors(3), naming, maxShardBytes);
        AssertHolds(_folder.File("new folder"), 3, naming);
        string[] files =
        [
            .. Directory.GetFiles(_folder.File("new folder")).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal),
        ];
        Assert.Equal(
            maxShardBytes == OneFile
                ? [Checkpoint.SingleFile]
                :
                [
                    "model-00001-of-00003.safetensors",
                    "model-00002-of-00003.safetensors",
                    "model-00003-of-00003.safetensors",
                    Checkpoint.IndexFile,
                ],
            files
        );
    }

    [Fact]
    public void Shards_hold_no_more_than_asked_for()
    {
        using var scope = NewDisposeScope();
        Checkpoint.Save(_folder.Path, Tensors(1), maxShardBytes: 24);
        foreach (var path in Directory.GetFiles(_folder.Path, "*.safetensors"))
        {
            using var file = SafetensorsFile.Open(path);
            Assert.True(file.Names.Count == 1 || file.Names.Sum(n => file.Entry(n).ByteLength) <= 24);
        }
        Assert.Contains("\"total_size\": 52", File.ReadAllText(_folder.File(Checkpoint.IndexFile)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(OneFile, OneFile)]
    [InlineData(OneFile, Shards)]
    [InlineData(Shards, OneFile)]
    [InlineData(Shards, Shards)]
    public void At_every_moment_the_old_or_the_new_weights_are_there(long oldShardBytes, long newShardBytes)
    {
        using var scope = NewDisposeScope();
        Checkpoint.Save(_folder.Path, Tensors(1), maxShardBytes: oldShardBytes);
        File.WriteAllText(_folder.File("config.json"), "{}");
        var seen = new List<int>();
        new CheckpointWriter(_folder.Path, new Callback(_ => Look()), default, Look).Write(Tensors(2), WeightNaming.New, newShardBytes);

        Assert.Equal([.. seen.Order()], seen);
        Assert.Equal([1, 2], seen.Distinct());
        AssertHolds(_folder.Path, 2, WeightNaming.New);
        Assert.True(File.Exists(_folder.File("config.json")));
        Assert.Equal(newShardBytes == OneFile ? 2 : 5, Directory.GetFiles(_folder.Path).Length);

        void Look()
        {
            using var checkpoint = Checkpoint.Open(_folder.Path);
            using var first = checkpoint.Read(checkpoint.Names[0]);
            var version = (int)first.max().item<float>();
            AssertHolds(_folder.Path, version, WeightNaming.New);
            seen.Add(version);
        }
    }

    [Fact]
    public void What_a_killed_save_left_is_cleared_by_the_next()
    {
        using var scope = NewDisposeScope();
        Checkpoint.Save(_folder.Path, Tensors(1), maxShardBytes: Shards);
        string[] leftovers =
        [
            "model-2-00001-of-00003.safetensors",
            "model.safetensors.0123456789abcdef0123456789abcdef.part",
            "model-2-00002-of-00003.safetensors.0123456789abcdef0123456789abcdef.part",
        ];
        string[] others = ["model.bin", "model-notes.txt", "adapter_model.safetensors"];
        foreach (var name in leftovers.Concat(others))
            _folder.Write(name, [1]);
        AssertHolds(_folder.Path, 1, WeightNaming.New);
        Checkpoint.Save(_folder.Path, Tensors(2), maxShardBytes: Shards);
        AssertHolds(_folder.Path, 2, WeightNaming.New);
        Assert.Equal(4 + others.Length, Directory.GetFiles(_folder.Path).Length);
        Assert.All(others, name => Assert.True(File.Exists(_folder.File(name))));
    }

    [Theory]
    [InlineData(OneFile)]
    [InlineData(Shards)]
    public void A_cancelled_save_leaves_the_folder_as_it_was(long maxShardBytes)
    {
        using var scope = NewDisposeScope();
        Checkpoint.Save(_folder.Path, Tensors(1), maxShardBytes: Shards);
        string[] before = [.. Directory.GetFiles(_folder.Path).Order(StringComparer.Ordinal)];
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() =>
            Checkpoint.Save(_folder.Path, Tensors(2), WeightNaming.New, maxShardBytes, new Callback(_ => source.Cancel()), source.Token)
        );
        Assert.Equal(before, Directory.GetFiles(_folder.Path).Order(StringComparer.Ordinal).ToArray());
        AssertHolds(_folder.Path, 1, WeightNaming.New);
    }

    [Fact]
    public void A_checkpoint_saved_over_itself()
    {
        using var scope = NewDisposeScope();
        Checkpoint.Save(_folder.Path, Tensors(1), WeightNaming.Old, Shards);
        using var checkpoint = Checkpoint.Open(_folder.Path);
        Checkpoint.Save(
            _folder.Path,
            checkpoint.Names.ToDictionary(n => n, checkpoint.Map, StringComparer.Ordinal),
            checkpoint.Naming,
            Shards
        );
        AssertHolds(_folder.Path, 1, WeightNaming.Old);
    }

    [Fact]
    public void Progress_counts_the_bytes_of_all_files()
    {
        using var scope = NewDisposeScope();
        var last = 0L;
        Checkpoint.Save(
            _folder.Path,
            Tensors(1),
            maxShardBytes: Shards,
            progress: new Callback(bytes =>
            {
                Assert.True(bytes > last);
                last = bytes;
            })
        );
        Assert.Equal(52, last);
    }

    [Fact]
    public void Two_names_of_one_tensor_and_unwritable_folders_are_refused()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentException>(() =>
            Checkpoint.Save(
                _folder.Path,
                new Dictionary<string, Tensor>(StringComparer.Ordinal) { ["visual.x"] = ones(1), ["model.visual.x"] = ones(1) }
            )
        );
        var file = _folder.Write("file", [1]);
        Assert.Throws<CheckpointException>(() => Checkpoint.Save(file, Tensors(1)));
    }

    private static Dictionary<string, Tensor> Tensors(int version) =>
        new(StringComparer.Ordinal)
        {
            ["model.language_model.norm.weight"] = full([4], version, ScalarType.Float32),
            ["model.visual.a.weight"] = full([3, 2], version, ScalarType.BFloat16),
            ["lm_head.weight"] = full([6], version, ScalarType.Float32),
        };

    private static void AssertHolds(string folder, int version, WeightNaming naming)
    {
        using var scope = NewDisposeScope();
        using var checkpoint = Checkpoint.Open(folder);
        Assert.Equal(naming, checkpoint.Naming);
        var expected = Tensors(version);
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), checkpoint.Names.Order(StringComparer.Ordinal));
        foreach (var (name, tensor) in expected)
        {
            Assert.Equal(tensor.dtype, checkpoint.DType(name));
            Assert.Equal(tensor.bytes.ToArray(), checkpoint.Map(name).bytes.ToArray());
        }
    }

    private sealed class Callback(Action<long> action) : IProgress<long>
    {
        public void Report(long value) => action(value);
    }
}
