using System.Text.Json.Nodes;
using Rge.Models;
using Rge.Models.Inputs;
using Rge.Models.Kernels;
using static TorchSharp.torch;

namespace Rge.Bench;

/// <summary>Decoding steps, output projection and greedy choice included, of a random model of the 700m shape after 300 tokens.</summary>
internal static class StepBenchmark
{
    private const int Past = 300,
        Rounds = 15;

    private const string Config = """
        { "model_type": "qwen2_5_vl", "hidden_size": 1024, "intermediate_size": 5504, "num_hidden_layers": 18, "num_attention_heads": 8,
          "num_key_value_heads": 2, "vocab_size": 32768, "rope_theta": 1000000.0, "rope_scaling": { "type": "mrope", "mrope_section": [16, 24, 24] },
          "tie_word_embeddings": true, "image_token_id": 32760, "vision_start_token_id": 32757, "vision_end_token_id": 32758,
          "vision_config": { "depth": 1, "hidden_size": 768, "intermediate_size": 2048, "num_heads": 12, "out_hidden_size": 1024, "patch_size": 14,
            "window_size": 112, "fullatt_block_indexes": [0] } }
        """;

    public static void Run()
    {
        var config = QwenVlConfig.Parse(JsonNode.Parse(Config)!.AsObject(), "700m");
        var parameters = ParameterLayout
            .Create(config)
            .ToDictionary(p => p.Key, p => (randn(p.Value) * 0.02).to(ScalarType.BFloat16), StringComparer.Ordinal);
        using var model = new QwenVlModel(config, parameters);
        Console.WriteLine($"{"rows", 4} {"torch ms", 9} {"tokens/s", 9} {"kernel ms", 9} {"tokens/s", 9} {"ratio", 6}");
        foreach (var rows in new[] { 1, 2, 4, 8, 16, 32 })
        {
            // Each step of the two candidates adds a token, which is little beside what the slots hold already.
            using var cache = model.CreateState(rows, Past + 2 * (Rounds + 2));
            int[] slots = [.. Enumerable.Range(0, rows)],
                tokens = [.. slots.Select(i => 17 + i)];
            foreach (var slot in slots)
                model.Prefill([new ModelInput([.. Enumerable.Repeat(17, Past - slot * 3)])], cache, [slot]).Dispose();
            var medians = Interleaved.Medians([new("torch", () => Step(kernels: false)), new("kernel", () => Step(kernels: true))], Rounds);
            Console.WriteLine(
                $"{rows, 4} {medians[0] / 1e3, 9:F1} {rows / medians[0] * 1e6, 9:F1} {medians[1] / 1e3, 9:F1} "
                    + $"{rows / medians[1] * 1e6, 9:F1} {medians[0] / medians[1], 6:F2}"
            );

            void Step(bool kernels)
            {
                CpuKernels.Enabled = kernels;
                using var hidden = model.Step(tokens, cache, slots);
                using var logits = model.Logits(hidden);
                using var next = logits.argmax(-1);
            }
        }
    }
}
