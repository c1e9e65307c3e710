using Microsoft.Extensions.Options;
using Mistral.Ilgpu.Server.Security;

namespace Mistral.Ilgpu.Server.Hosting;

/// <summary>Refuses wrong values before requests come, each in a line that names its key.</summary>
internal sealed class MistralServerOptionsValidation : IValidateOptions<MistralServerOptions>
{
    public ValidateOptionsResult Validate(string? name, MistralServerOptions options)
    {
        List<string> failures = [];
        RequireCount(nameof(options.RequestsPerMinute), options.RequestsPerMinute);
        RequireCount(nameof(options.TokensPerMinute), options.TokensPerMinute);
        RequireCount(nameof(options.MaxBodyBytes), options.MaxBodyBytes);
        RequireCount(nameof(options.MaxPromptTokens), options.MaxPromptTokens);
        RequireCount(nameof(options.MaxAnswers), options.MaxAnswers);
        RequireCount(nameof(options.MaxSchemaLength), options.MaxSchemaLength);
        RequireCount(nameof(options.MaxDepth), options.MaxDepth);
        RequireCount(nameof(options.DefaultMaxTokens), options.DefaultMaxTokens);
        Require(options.KeepAlive > TimeSpan.Zero, nameof(options.KeepAlive), $"{options.KeepAlive}", "a positive time");
        Require(options.Drain >= TimeSpan.Zero, nameof(options.Drain), $"{options.Drain}", "a time from 0");
        for (int i = 0; i < options.ApiKeys.Count; i++)
        {
            try
            {
                Require(ApiKey.Parse(options.ApiKeys[i], i) is not null, $"{nameof(options.ApiKeys)}:{i}", "nothing", "a key");
            }
            catch (FormatException exception)
            {
                failures.Add($"{MistralServerOptions.Section}:{nameof(options.ApiKeys)}: {exception.Message}");
            }
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void RequireCount(string key, long? found) => Require(found is null or >= 1, key, $"{found}", "1 or more");

        void Require(bool holds, string key, string found, string expected)
        {
            if (!holds)
            {
                failures.Add($"{MistralServerOptions.Section}:{key}: found '{found}', expected {expected}");
            }
        }
    }
}
