using System.CommandLine;
using Rge.Cli.Output;
using Rge.Models;
using static TorchSharp.torch;

namespace Rge.Cli.Options;

/// <summary>The option that says where a model runs or trains.</summary>
internal static class DeviceOptions
{
    private const string Name = "--device";

    /// <summary>The option of verbs that run a model.</summary>
    public static Option<string> Running() =>
        Known(
            new Option<string>(Name)
            {
                Description = $"Where to run: {DeviceNames.Expected}; auto takes a GPU if there is one.",
                DefaultValueFactory = _ => "cpu",
            }
        );

    /// <summary>The option of verbs whose settings name a device, which it replaces.</summary>
    public static Option<string?> Training() =>
        Known(
            new Option<string?>(Name)
            {
                Description =
                    $"Where to train: {DeviceNames.Expected}. What the settings say unless given; auto takes a GPU if there is one.",
            }
        );

    /// <summary>The device of a name.</summary>
    /// <exception cref="CliException">It is a GPU that does not exist.</exception>
    public static Device Resolve(string name) =>
        DeviceNames.TryResolve(name, out var device, out var problem) ? device : throw new CliException(problem);

    private static Option<T> Known<T>(Option<T> option)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens is [.., { Value: var name }] && !DeviceNames.IsKnown(name))
                result.AddError($"{Name} is '{name}', expected {DeviceNames.Expected}.");
        });
        return option;
    }
}
