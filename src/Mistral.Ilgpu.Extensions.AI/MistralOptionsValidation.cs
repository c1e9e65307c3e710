using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Mistral.Ilgpu.Extensions.AI;

/// <summary>Refuses wrong values before a model is loaded, each in a line that names its key.</summary>
internal sealed partial class MistralOptionsValidation : IValidateOptions<MistralOptions>
{
    public ValidateOptionsResult Validate(string? name, MistralOptions options)
    {
        var failures = new OptionFailures(MistralOptions.Section);
        Check(options, failures);
        return failures.Result;
    }

    /// <summary>Notes what is wrong.</summary>
    internal static void Check(MistralOptions options, OptionFailures failures)
    {
        failures.Require(!string.IsNullOrEmpty(options.Model), nameof(options.Model), options.Model, "a file, a folder or tiny");
        failures.Require(
            options.Device is not null && DeviceName().IsMatch(options.Device),
            nameof(options.Device), options.Device, "auto, cpu, opencl[:N] or cuda[:N]");
        failures.Require(
            options.WeightType is null || FormatNames.Find(options.WeightType) is not null,
            nameof(options.WeightType), options.WeightType, "a type such as bf16, q8_0, q4_k or fp8");
        failures.Require(
            options.CacheType is null || FormatNames.Find(options.CacheType) is TensorFormat.Float32 or TensorFormat.BFloat16
                or TensorFormat.Float16 or TensorFormat.Q8_0,
            nameof(options.CacheType), options.CacheType, "f32, bf16, f16 or q8_0");
        failures.RequireCount(nameof(options.Context), options.Context);
        failures.RequireCount(nameof(options.SlidingWindow), options.SlidingWindow);
        failures.RequireCount(nameof(options.Chunk), options.Chunk);
        failures.RequireCount(nameof(options.MaxBatchedTokens), options.MaxBatchedTokens);
        failures.RequireCount(nameof(options.MaxTexts), options.MaxTexts);
        failures.RequireCount(nameof(options.MaxWaiting), options.MaxWaiting);
        failures.RequireCount(nameof(options.Threads), options.Threads);
        failures.RequireCount(nameof(options.MemoryLimit), options.MemoryLimit);
        failures.Require(
            options.HostCacheBytes is null or >= 0, nameof(options.HostCacheBytes), $"{options.HostCacheBytes}", "0 or more");
        failures.Require(
            options.LayerCacheBytes is null or >= 0, nameof(options.LayerCacheBytes), $"{options.LayerCacheBytes}", "0 or more");
        failures.Require(
            Enum.IsDefined(options.EmbeddingPooling),
            nameof(options.EmbeddingPooling), $"{options.EmbeddingPooling}", "Mean or LastToken");
        for (int i = 0; i < options.Adapters.Count; i++)
        {
            var (path, scale) = options.Adapters[i];
            failures.Require(!string.IsNullOrEmpty(path), $"{nameof(options.Adapters)}:{i}:Path", path, "a file or a folder");
            failures.Require(float.IsFinite(scale), $"{nameof(options.Adapters)}:{i}:Scale", $"{scale}", "a finite number");
        }
    }

    [GeneratedRegex(@"^(auto|(cpu|(opencl|cuda)(:[0-9]{1,4})?)([,+](cpu|(opencl|cuda)(:[0-9]{1,4})?))*)\z")]
    private static partial Regex DeviceName();
}
