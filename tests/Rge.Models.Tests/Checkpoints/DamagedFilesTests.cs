using System.Text;
using CsCheck;
using Rge.Models.Checkpoints;
using Rge.Models.Configuration;
using Rge.Models.Inputs;
using Rge.Tests.Shared;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Checkpoints;

/// <summary>Whatever happened to a file: it can be used, or there is a CheckpointException, and memory stays within bounds.</summary>
public sealed class DamagedFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>What can befall bytes: an end cut off, bits flipped, a stretch overwritten, removed or doubled.</summary>
    private static Gen<byte[]> Damaged(byte[] whole) =>
        Gen.OneOf(
            Gen.Int[0, whole.Length].Select(length => whole[..length]),
            Gen.Int[0, (whole.Length * 8) - 1]
                .Array[1, 4]
                .Select(bits =>
                {
                    var bytes = (byte[])whole.Clone();
                    foreach (var bit in bits)
                        bytes[bit / 8] ^= (byte)(1 << (bit % 8));
                    return bytes;
                }),
            Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte.Array[1, 12])
                .Select((start, with) => (byte[])[.. whole[..start], .. with, .. whole[Math.Min(start + with.Length, whole.Length)..]]),
            Gen.Select(Gen.Int[0, whole.Length], Gen.Int[0, whole.Length]).Select((i, j) => (byte[])[.. whole[..i], .. whole[j..]])
        );

    private static Gen<T> AnyOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    [Fact]
    public void A_safetensors_file()
    {
        var path = _folder.File("a.safetensors");
        using (NewDisposeScope())
            SafetensorsWriter.Write(
                path,
                [new("a", rand(3, 5)), new("b", rand(2).to(ScalarType.BFloat16)), new("c", ones(3, ScalarType.Byte))]
            );
        Damaged(File.ReadAllBytes(path))
            .Sample(
                bytes =>
                {
                    _folder.Write(Path.GetFileName(path), bytes);
                    UsableOrRefused(() =>
                    {
                        using var file = SafetensorsFile.Open(path);
                        foreach (var name in file.Names)
                        {
                            Assert.Equal(file.Map(name).bytes.ToArray(), file.Read(name).bytes.ToArray());
                            file.Read(name, ScalarType.Float32).sum().item<float>();
                        }
                    });
                },
                iter: 800,
                threads: 1
            );
    }

    [Fact]
    public void A_safetensors_header_with_any_numbers_in_it()
    {
        var path = _folder.File("a.safetensors");
        var number = Gen.OneOf(Gen.Long[0, 40], Gen.Long, AnyOf(long.MaxValue, long.MinValue, int.MaxValue, 1L << 32, 1L << 62));
        var dtype = AnyOf("F64", "F32", "F16", "BF16", "I64", "U8", "BOOL", "F8_E5M2", "");
        var tensor = Gen.Select(dtype, number.Array[0, 4], number.Array[0, 3])
            .Select(
                (type, shape, offsets) =>
                    $$"""{"dtype":"{{type}}","shape":[{{string.Join(',', shape)}}],"data_offsets":[{{string.Join(',', offsets)}}]}"""
            );
        tensor
            .Array[0, 3]
            .Sample(
                tensors =>
                {
                    _folder.WriteSafetensors("a.safetensors", $"{{{string.Join(',', tensors.Select((t, i) => $"\"{i}\":{t}"))}}}", 32);
                    UsableOrRefused(() =>
                    {
                        using var file = SafetensorsFile.Open(path);
                        foreach (var name in file.Names)
                            Assert.Equal(file.Entry(name).Shape, file.Map(name).shape);
                    });
                },
                iter: 800,
                threads: 1
            );
    }

    [Fact]
    public void An_index()
    {
        using (NewDisposeScope())
            Checkpoint.Save(
                _folder.Path,
                new Dictionary<string, Tensor>(StringComparer.Ordinal) { ["a"] = ones(2), ["b"] = ones(3) },
                maxShardBytes: 8
            );
        var path = _folder.File(Checkpoint.IndexFile);
        Damaged(File.ReadAllBytes(path))
            .Sample(
                bytes =>
                {
                    _folder.Write(Path.GetFileName(path), bytes);
                    UsableOrRefused(() =>
                    {
                        using var checkpoint = Checkpoint.Open(_folder.Path);
                        checkpoint.Require(new Dictionary<string, long[]>(StringComparer.Ordinal) { ["a"] = [2], ["b"] = [3] });
                    });
                },
                iter: 400,
                threads: 1
            );
    }

    [Theory]
    [InlineData(PeftAdapter.ConfigFile)]
    [InlineData(PeftAdapter.WeightsFile)]
    public void An_adapter(string damaged)
    {
        using (NewDisposeScope())
        {
            var config = new AdapterConfig
            {
                Rank = 2,
                Alpha = 2,
                Dora = true,
                RankPattern = new Dictionary<string, double>(StringComparer.Ordinal) { ["q_.*"] = 2 },
                TargetModules = ["q_proj"],
            };
            using var adapter = new PeftAdapter(
                config,
                new Dictionary<string, Rge.Models.Layers.LowRankWeights>(StringComparer.Ordinal)
                {
                    ["model.layers.0.q_proj"] = new(rand(2, 3), rand(5, 2), 1, rand(5)),
                }
            );
            adapter.Save(_folder.Path);
        }
        var path = _folder.File(damaged);
        Damaged(File.ReadAllBytes(path))
            .Sample(
                bytes =>
                {
                    _folder.Write(Path.GetFileName(path), bytes);
                    UsableOrRefused(() =>
                    {
                        using var adapter = PeftAdapter.Load(_folder.Path);
                        Assert.All(adapter.Modules.Values, weights => Assert.Equal([5L, 3L], weights.Merge(ones(5, 3)).shape));
                    });
                },
                iter: 400,
                threads: 1
            );
    }

    [Theory]
    [InlineData("awq", Checkpoint.SingleFile)]
    [InlineData("gptq", Checkpoint.SingleFile)]
    [InlineData("gptq", QwenVlConfig.FileName)]
    [InlineData("int8", Checkpoint.SingleFile)]
    [InlineData("int4", Checkpoint.SingleFile)]
    [InlineData("int4", QwenVlConfig.FileName)]
    public void A_folder_of_few_bits(string kind, string damaged)
    {
        using (NewDisposeScope())
            WriteFewBits(kind);
        var whole = File.ReadAllBytes(_folder.File(damaged));
        // What config.json says of sizes is damaged elsewhere: here, only what it says of the bits.
        var start = damaged == QwenVlConfig.FileName ? IndexOf(whole, "quantization_config") : 0;
        Damaged(whole[start..])
            .Sample(
                bytes =>
                {
                    _folder.Write(damaged, [.. whole[..start], .. bytes]);
                    UsableOrRefused(() =>
                    {
                        using var model = QwenVlModel.Load(_folder.Path);
                        Assert.Equal([1, model.Config.Text.HiddenSize], model.Encode([new ModelInput([1, 2, 3])]).shape);
                    });
                },
                iter: 150,
                threads: 1
            );

        static int IndexOf(byte[] bytes, string text) => bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text));
    }

    private void WriteFewBits(string kind)
    {
        if (kind is "awq" or "gptq")
        {
            PackedFolder packed = new(ModelFamily.Qwen25Vl, groupSize: 32) { IsShuffled = kind == "gptq" };
            if (kind == "awq")
                packed.WriteAwq(_folder.Path);
            else
                packed.WriteGptq(_folder.Path);
            return;
        }
        var dense = _folder.File("dense");
        using (var model = TinyModel.Create(ModelFamily.Qwen25Vl))
            model.Save(dense);
        var format = kind == "int8" ? WeightFormat.Int8 : WeightFormat.Int4;
        using var rounded = QwenVlModel.Load(dense, new QwenVlModelOptions { Weights = format });
        rounded.Save(_folder.Path);
    }

    private static void UsableOrRefused(Action use)
    {
        using var scope = NewDisposeScope();
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            use();
        }
        catch (CheckpointException e)
        {
            Assert.NotEmpty(e.Message);
        }
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }
}
