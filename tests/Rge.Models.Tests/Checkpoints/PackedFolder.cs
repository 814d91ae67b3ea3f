using System.Text.Json.Nodes;
using Rge.Models.Checkpoints;
using Rge.Tests.Shared;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Checkpoints;

/// <summary>
/// Writes a tiny model with weights of 4 bits in the layouts of AWQ and GPTQ, packed one number at a time, and keeps the weights that they
/// mean.
/// </summary>
/// <param name="family">Family of the model.</param>
/// <param name="groupSize">Inputs of a group; -1 for all.</param>
internal sealed class PackedFolder(ModelFamily family, int groupSize)
{
    /// <summary>The 4 bits of an int32, from the lowest, that AWQ puts each of eight neighbours into.</summary>
    private static readonly int[] AwqPlaces = [0, 4, 1, 5, 2, 6, 3, 7];

    private readonly Random _random = new(7);

    /// <summary>The weights, by name, as float32 computed one number at a time.</summary>
    public Dictionary<string, float[,]> Meant { get; } = new(StringComparer.Ordinal);

    /// <summary>Changes a tensor before it is written.</summary>
    public Func<string, Tensor, Tensor?> Change { get; init; } = (_, tensor) => tensor;

    /// <summary>The zero point of every weight; null for any of 1 to 15.</summary>
    public int? Zero { get; init; }

    /// <summary>Whether inputs of a group are not neighbours (GPTQ's <c>desc_act</c>).</summary>
    public bool IsShuffled { get; init; }

    public void WriteAwq(string folder) =>
        Write(
            folder,
            new JsonObject
            {
                ["quant_method"] = "awq",
                ["version"] = "gemm",
                ["zero_point"] = true,
            },
            (tensors, module, quanta, zeros, _) =>
            {
                tensors[module + ".qweight"] = Pack(quanta, alongRows: false, AwqPlaces);
                tensors[module + ".qzeros"] = Pack(zeros, alongRows: false, AwqPlaces);
            }
        );

    public void WriteGptq(string folder, bool isSecondVersion = false)
    {
        int[] inOrder = [.. Enumerable.Range(0, 8)];
        Write(
            folder,
            new JsonObject
            {
                ["quant_method"] = "gptq",
                ["checkpoint_format"] = isSecondVersion ? "gptq_v2" : "gptq",
                ["sym"] = false,
            },
            (tensors, module, quanta, zeros, index) =>
            {
                tensors[module + ".qweight"] = Pack(quanta, alongRows: true, inOrder);
                var stored = (int[,])zeros.Clone();
                for (var g = 0; g < stored.GetLength(0); g++)
                for (var o = 0; o < stored.GetLength(1); o++)
                    stored[g, o] -= isSecondVersion ? 0 : 1;
                tensors[module + ".qzeros"] = Pack(stored, alongRows: false, inOrder);
                tensors[module + ".g_idx"] = tensor(index, ScalarType.Int32);
            }
        );
    }

    /// <summary>A dense model of the weights that are meant.</summary>
    public QwenVlModel Dense()
    {
        var model = TinyModel.Create(family);
        foreach (var (name, weight) in Meant)
            model.Parameters[name].copy_(tensor(weight));
        return model;
    }

    private void Write(string folder, JsonObject quantization, Action<Dictionary<string, Tensor>, string, int[,], int[,], int[]> pack)
    {
        using var model = TinyModel.Create(family);
        model.Save(folder);
        var tensors = model.Parameters.ToDictionary(StringComparer.Ordinal);
        foreach (var (module, linear) in model.Linears)
        {
            int outputs = (int)linear.Weight.Outputs,
                inputs = (int)linear.Weight.Inputs,
                size = groupSize < 0 ? inputs : groupSize,
                groups = inputs / size;
            if (!module.Contains("language_model.layers", StringComparison.Ordinal) || inputs % size != 0 || outputs % 8 != 0)
                continue;
            int[] index = [.. Enumerable.Range(0, inputs).Select(i => i / size)];
            if (IsShuffled)
                _random.Shuffle(index);
            var (quanta, zeros, scales) = (new int[inputs, outputs], new int[groups, outputs], new float[groups, outputs]);
            var meant = new float[outputs, inputs];
            for (var o = 0; o < outputs; o++)
            {
                for (var g = 0; g < groups; g++)
                    // Of 8 significant bits, so that bfloat16 holds them.
                    (zeros[g, o], scales[g, o]) = (Zero ?? _random.Next(1, 16), (128 + _random.Next(128)) / 4096f);
                for (var i = 0; i < inputs; i++)
                {
                    quanta[i, o] = _random.Next(16);
                    meant[o, i] = (quanta[i, o] - zeros[index[i], o]) * scales[index[i], o];
                }
            }
            tensors.Remove(module + ".weight");
            pack(tensors, module, quanta, zeros, index);
            tensors[module + ".scales"] = tensor(scales).to(ScalarType.Float16);
            Meant.Add(module + ".weight", meant);
        }
        var changed = tensors
            .Select(pair => (pair.Key, Value: Change(pair.Key, pair.Value)))
            .Where(pair => pair.Value is not null)
            .ToDictionary(pair => pair.Key, pair => pair.Value!, StringComparer.Ordinal);
        Checkpoint.Save(folder, changed);
        var path = Path.Combine(folder, QwenVlConfig.FileName);
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        (quantization["bits"], quantization["group_size"]) = (4, groupSize);
        config["quantization_config"] = quantization;
        File.WriteAllText(path, config.ToJsonString());
    }

    /// <summary>Eight numbers of 4 bits in each int32, along one of the two dimensions.</summary>
    private static Tensor Pack(int[,] numbers, bool alongRows, int[] places)
    {
        int rows = numbers.GetLength(0),
            columns = numbers.GetLength(1);
        var packed = new int[alongRows ? rows / 8 : rows, alongRows ? columns : columns / 8];
        for (var r = 0; r < rows; r++)
        for (var c = 0; c < columns; c++)
        {
            var shift = 4 * places[(alongRows ? r : c) % 8];
            packed[alongRows ? r / 8 : r, alongRows ? c : c / 8] |= numbers[r, c] << shift;
        }
        return tensor(packed);
    }
}
