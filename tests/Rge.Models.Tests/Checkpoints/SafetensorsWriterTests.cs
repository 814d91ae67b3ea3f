using Rge.Models.Checkpoints;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Checkpoints;

public sealed class SafetensorsWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_written_is_read()
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (
            var dtype in new[]
            {
                ScalarType.Float64,
                ScalarType.Float32,
                ScalarType.Float16,
                ScalarType.BFloat16,
                ScalarType.Int64,
                ScalarType.Int32,
                ScalarType.Int16,
                ScalarType.Int8,
                ScalarType.Byte,
                ScalarType.Bool,
            }
        )
            tensors.Add($"a.{dtype}", (rand(3, 5) * 50).to(dtype));
        tensors.Add("scalar", tensor(4.5));
        tensors.Add("empty", zeros(0, 7));
        tensors.Add("with a \"quote\", a \n and ünïcode", tensor(1));
        var path = _folder.File("a.safetensors");
        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt", ["b"] = "ü\"" });

        using var file = SafetensorsFile.Open(path);
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal("ü\"", file.Metadata["b"]);
        Assert.Equal(tensors.Keys.Order(StringComparer.Ordinal), file.Names.Order(StringComparer.Ordinal));
        foreach (var (name, expected) in tensors)
        {
            var map = file.Map(name);
            Assert.Equal(expected.dtype, map.dtype);
            Assert.Equal(expected.shape, map.shape);
            Assert.Equal(expected.bytes.ToArray(), map.bytes.ToArray());
            Assert.Equal(0, file.Entry(name).Offset % expected.element_size());
        }
    }

    [Fact]
    public void Views_and_parameters_are_written_as_they_look()
    {
        using var scope = NewDisposeScope();
        var source = arange(24, ScalarType.Float32).view(4, 6);
        var path = _folder.File("a.safetensors");
        SafetensorsWriter.Write(
            path,
            [
                new("transposed", source.t()),
                new("strided", source.narrow(1, 1, 3)),
                new("expanded", tensor(new[] { 1f, 2 }).unsqueeze(0).expand(3, 2)),
                new("parameter", new TorchSharp.Modules.Parameter(source.clone())),
            ]
        );
        using var file = SafetensorsFile.Open(path);
        Assert.Equal(source.t().contiguous().bytes.ToArray(), file.Map("transposed").bytes.ToArray());
        Assert.Equal([1f, 2, 3, 7, 8, 9, 13, 14, 15, 19, 20, 21], file.Map("strided").data<float>().ToArray());
        Assert.Equal([1f, 2, 1, 2, 1, 2], file.Map("expanded").data<float>().ToArray());
        Assert.False(file.Map("parameter").requires_grad);
    }

    [Fact]
    public void A_tensor_of_several_pieces()
    {
        using var scope = NewDisposeScope();
        var large = rand((9 << 20) + 3);
        var path = _folder.File("a.safetensors");
        SafetensorsWriter.Write(path, [new("x", large)]);
        using var file = SafetensorsFile.Open(path);
        Assert.True(file.Map("x").equal(large).all().item<bool>());
    }

    [Fact]
    public void Equal_tensors_give_equal_files_in_any_order()
    {
        using var scope = NewDisposeScope();
        var tensors = new KeyValuePair<string, Tensor>[] { new("b", ones(3)), new("a", ones(2, ScalarType.Byte)), new("c", zeros(1)) };
        SafetensorsWriter.Write(_folder.File("1"), tensors);
        SafetensorsWriter.Write(_folder.File("2"), tensors.Reverse());
        Assert.Equal(File.ReadAllBytes(_folder.File("1")), File.ReadAllBytes(_folder.File("2")));
        using var file = SafetensorsFile.Open(_folder.File("1"));
        Assert.Equal(["b", "c", "a"], file.Names);
    }

    [Fact]
    public void Names_given_twice_reserved_names_and_other_number_types_are_refused()
    {
        using var scope = NewDisposeScope();
        var path = _folder.File("a.safetensors");
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, [new("x", ones(1)), new("x", ones(1))]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, [new("__metadata__", ones(1))]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, [new("x", ones(1, ScalarType.ComplexFloat32))]));
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_write_that_fails_leaves_the_file_before_it()
    {
        using var scope = NewDisposeScope();
        var path = _folder.File("a.safetensors");
        SafetensorsWriter.Write(path, [new("x", ones(1))]);
        var before = File.ReadAllBytes(path);
        using var cancelled = new CancellationTokenSource();
        var progress = new Cancel(cancelled);
        Assert.Throws<OperationCanceledException>(() =>
            SafetensorsWriter.Write(path, [new("x", ones(2)), new("y", ones(2))], progress: progress, cancellation: cancelled.Token)
        );
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
        Assert.Equal(8, progress.Last);
    }

    [Fact]
    public void A_folder_that_is_not_there_is_reported()
    {
        using var scope = NewDisposeScope();
        var path = Path.Combine(_folder.Path, "none", "a.safetensors");
        Assert.Contains(
            path,
            Assert.Throws<CheckpointException>(() => SafetensorsWriter.Write(path, [new("x", ones(1))])).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_file_over_its_own_maps()
    {
        using var scope = NewDisposeScope();
        var path = _folder.File("a.safetensors");
        SafetensorsWriter.Write(path, [new("x", arange(4, ScalarType.Float32))]);
        using var file = SafetensorsFile.Open(path);
        SafetensorsWriter.Write(path, [new("x", file.Map("x")), new("y", zeros(1))]);
        using var rewritten = SafetensorsFile.Open(path);
        Assert.Equal([0f, 1, 2, 3], rewritten.Map("x").data<float>().ToArray());
        Assert.Equal([0f, 1, 2, 3], file.Read("x").data<float>().ToArray());
    }

    private sealed class Cancel(CancellationTokenSource source) : IProgress<long>
    {
        public long Last { get; private set; }

        public void Report(long value)
        {
            Last = value;
            source.Cancel();
        }
    }
}
