using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Rge.Models.Checkpoints;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Checkpoints;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Names_types_shapes_and_metadata()
    {
        var path = _folder.WriteSafetensors(
            "a.safetensors",
            """{"b":{"dtype":"BF16","shape":[2,3],"data_offsets":[8,20]},"__metadata__":{"format":"pt"},"a":{"dtype":"F64","""
                + """ "shape":[],"data_offsets":[0,8]}}   """,
            20
        );
        using var file = SafetensorsFile.Open(path);
        Assert.Equal(["a", "b"], file.Names);
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal(ScalarType.BFloat16, file.Entry("b").DType);
        Assert.Equal([2L, 3L], file.Entry("b").Shape);
        Assert.Equal(12, file.Entry("b").ByteLength);
        Assert.Empty(file.Entry("a").Shape);
        Assert.Contains("no tensor c", Assert.Throws<CheckpointException>(() => file.Entry("c")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("F64", ScalarType.Float64)]
    [InlineData("F32", ScalarType.Float32)]
    [InlineData("F16", ScalarType.Float16)]
    [InlineData("BF16", ScalarType.BFloat16)]
    [InlineData("I64", ScalarType.Int64)]
    [InlineData("I32", ScalarType.Int32)]
    [InlineData("I16", ScalarType.Int16)]
    [InlineData("I8", ScalarType.Int8)]
    [InlineData("U8", ScalarType.Byte)]
    [InlineData("BOOL", ScalarType.Bool)]
    public void Every_number_type(string dtype, ScalarType expected)
    {
        using var scope = NewDisposeScope();
        var source = tensor(new[] { 1f, 0, 1 }).to(expected);
        var data = source.bytes.ToArray();
        using var file = SafetensorsFile.Open(_folder.WriteSafetensors("a.safetensors", Header(dtype, "[3]", data.Length), data));
        Assert.Equal(expected, file.Map("x").dtype);
        Assert.Equal(data, file.Map("x").bytes.ToArray());
        Assert.Equal(data, file.Read("x").bytes.ToArray());
        Assert.Equal([1f, 0, 1], file.Read("x", ScalarType.Float32).data<float>().ToArray());
    }

    [Fact]
    public void A_map_shares_the_files_pages_and_never_changes_the_file()
    {
        using var scope = NewDisposeScope();
        var path = _folder.WriteSafetensors("a.safetensors", Header("F32", "[2,2]", 16), Floats(1, 2, 3, 4));
        var before = File.ReadAllBytes(path);
        using var file = SafetensorsFile.Open(path);
        Tensor first = file.Map("x"),
            second = file.Map("x"),
            copy = file.Read("x");
        first.fill_(7);
        Assert.Equal([7f, 7, 7, 7], second.data<float>().ToArray());
        Assert.Equal([1f, 2, 3, 4], copy.data<float>().ToArray());
        Assert.Equal([1f, 2, 3, 4], file.Read("x").data<float>().ToArray());
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.False(first.requires_grad);
        Assert.Equal([2L, 2L], first.shape);
    }

    [Fact]
    public void A_map_outlives_its_file()
    {
        using var scope = NewDisposeScope();
        var file = SafetensorsFile.Open(_folder.WriteSafetensors("a.safetensors", Header("F32", "[2]", 8), Floats(1, 2)));
        var map = file.Map("x");
        file.Dispose();
        Assert.Equal([1f, 2], map.data<float>().ToArray());
        Assert.Throws<ObjectDisposedException>(() => file.Map("x"));
        Assert.Throws<ObjectDisposedException>(() => file.Read("x"));
    }

    [Fact]
    public void Unaligned_data()
    {
        using var scope = NewDisposeScope();
        const string header =
            """{"p":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}}""";
        using var file = SafetensorsFile.Open(_folder.WriteSafetensors("a.safetensors", header, [9, .. Floats(3, 4)]));
        Assert.Equal([3f, 4], file.Map("x").data<float>().ToArray());
        Assert.Equal([3f, 4], file.Read("x").data<float>().ToArray());
        Assert.Equal(9, file.Map("p").item<byte>());
    }

    [Fact]
    public void Tensors_without_elements()
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(_folder.WriteSafetensors("a.safetensors", Header("F32", "[0,3]", 0), 0));
        Assert.Equal([0L, 3L], file.Map("x").shape);
        Assert.Equal([0L, 3L], file.Read("x", ScalarType.Float16).shape);
        using var empty = SafetensorsFile.Open(_folder.WriteSafetensors("b.safetensors", "{}", 0));
        Assert.Empty(empty.Names);
    }

    [Fact]
    public void A_tensor_larger_than_one_piece_converted()
    {
        using var scope = NewDisposeScope();
        const int count = (9 << 20) + 5; // Several pieces of float32, and a rest.
        var values = new float[count];
        for (var i = 0; i < count; i++)
            values[i] = i % 1021;
        using var file = SafetensorsFile.Open(
            _folder.WriteSafetensors(
                "a.safetensors",
                Header("F32", $"[{count}]", 4L * count),
                MemoryMarshal.AsBytes(values.AsSpan()).ToArray()
            )
        );
        var expected = tensor(values);
        Assert.True(file.Read("x").equal(expected).all().item<bool>());
        Assert.True(file.Read("x", ScalarType.Float64).equal(expected.to(ScalarType.Float64)).all().item<bool>());
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(_folder.WriteSafetensors("a.safetensors", Header("F32", "[2]", 8), Floats(1, 2)));
        Assert.Equal(0, scope.DisposablesCount);
        file.Map("x");
        file.Read("x", ScalarType.BFloat16);
        Assert.Equal(2, scope.DisposablesCount);
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}""", "dtype F8_E4M3, expected one of F64")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", "shape [2] of F32")]
    [InlineData("""{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", "shape than whole numbers")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", "shape than whole numbers")]
    [InlineData("""{"x":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}""", "shape than whole numbers")]
    [InlineData("""{"x":{"dtype":"F32","shape":[4611686018427387904,4611686018427387904],"data_offsets":[0,0]}}""", "does not take")]
    [InlineData("""{"x":{"dtype":"F32","shape":[4611686018427387904,0],"data_offsets":[0,0]}}""", "does not take")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "at most 4")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", "ascending")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", "data_offsets [0]")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}""", "more than 2")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1]}}""", "lacks one of")]
    [InlineData("""{"x":{"dtype":7,"shape":[1],"data_offsets":[0,4]}}""", "second or wrong dtype")]
    [InlineData("""{"x":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "second or wrong dtype")]
    [InlineData("""{"x":[]}""", "expected an object")]
    [InlineData("""{"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}""", "4 bytes, expected the 3")]
    [InlineData("""{"x":{"dtype":"U8","shape":[3],"data_offsets":[1,4]}}""", "begins at byte 1")]
    [InlineData(
        """{"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"y":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""",
        "tensor y begins at byte 2"
    )]
    [InlineData(
        """{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""",
        "listed twice"
    )]
    [InlineData("""{"__metadata__":{"a":1},"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", "__metadata__.a")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"},"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", "given twice")]
    [InlineData("""{"__metadata__":null,"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", "__metadata__ is Null")]
    [InlineData("""{"\ud800":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", "not valid JSON")]
    [InlineData("""{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}{}""", "not valid JSON")]
    [InlineData("""{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}""", "not valid JSON")]
    [InlineData("""[]""", "does not start with")]
    [InlineData("", "does not start with")]
    public void Broken_headers_are_refused(string header, string expected)
    {
        var path = _folder.WriteSafetensors("broken.safetensors", header, 4);
        var message = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path)).Message;
        Assert.Contains("broken.safetensors", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0L)]
    [InlineData(101L)]
    [InlineData(100_000_001L)]
    [InlineData(long.MaxValue)]
    [InlineData(-1L)]
    public void Impossible_header_lengths_are_refused(long length)
    {
        var bytes = new byte[108];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, length);
        Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(_folder.Write("a.safetensors", bytes)));
    }

    [Fact]
    public void Missing_and_short_files_are_refused()
    {
        Assert.Contains(
            "does not exist",
            Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(_folder.File("none.safetensors"))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "7 bytes",
            Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(_folder.Write("a.safetensors", new byte[7]))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_file_cut_while_open_is_reported()
    {
        var path = _folder.WriteSafetensors("a.safetensors", Header("U8", "[4]", 4), 4);
        using var file = SafetensorsFile.Open(path);
        // Same file, two bytes shorter; .NET's own advisory lock would refuse to do it in one process through FileStream.
        Truncate(path, new FileInfo(path).Length - 2);
        Assert.Contains("was cut", Assert.Throws<CheckpointException>(() => file.Read("x")).Message, StringComparison.Ordinal);
    }

    /// <summary>A header of one tensor x, padded as writers do so that the data is aligned.</summary>
    private static string Header(string dtype, string shape, long bytes)
    {
        var header = $$$"""{"x":{"dtype":"{{{dtype}}}","shape":{{{shape}}},"data_offsets":[0,{{{bytes}}}]}}""";
        return header.PadRight((header.Length + 7) / 8 * 8);
    }

    private static byte[] Floats(params float[] values) => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    private static void Truncate(string path, long length)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "an open file cannot be cut on Windows");
        using var process = System.Diagnostics.Process.Start(
            "truncate",
            ["-s", length.ToString(System.Globalization.CultureInfo.InvariantCulture), path]
        )!;
        process.WaitForExit();
    }
}
