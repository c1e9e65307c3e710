using Microsoft.Extensions.Options;
using Mistral.Ilgpu.Extensions.AI;
using Mistral.Ilgpu.Server.Security;

namespace Mistral.Ilgpu.Server.Hosting;

/// <summary>Refuses wrong values before requests come, each in a line that names its key.</summary>
internal sealed class MistralServerOptionsValidation : IValidateOptions<MistralServerOptions>
{
    // Timers run no longer.
    private static readonly TimeSpan MostIdle = TimeSpan.FromDays(30);

    public ValidateOptionsResult Validate(string? name, MistralServerOptions options)
    {
        var failures = new OptionFailures(MistralServerOptions.Section);
        failures.RequireCount(nameof(options.RequestsPerMinute), options.RequestsPerMinute);
        failures.RequireCount(nameof(options.TokensPerMinute), options.TokensPerMinute);
        failures.RequireCount(nameof(options.MaxBodyBytes), options.MaxBodyBytes);
        failures.RequireCount(nameof(options.MaxPromptTokens), options.MaxPromptTokens);
        failures.RequireCount(nameof(options.MaxAnswers), options.MaxAnswers);
        failures.RequireCount(nameof(options.MaxSchemaLength), options.MaxSchemaLength);
        failures.RequireCount(nameof(options.MaxDepth), options.MaxDepth);
        failures.RequireCount(nameof(options.DefaultMaxTokens), options.DefaultMaxTokens);
        failures.Require(options.KeepAlive > TimeSpan.Zero, nameof(options.KeepAlive), $"{options.KeepAlive}", "a positive time");
        failures.Require(options.Drain >= TimeSpan.Zero, nameof(options.Drain), $"{options.Drain}", "a time from 0");
        failures.Require(
            options.IdleUnload is null || (options.IdleUnload > TimeSpan.Zero && options.IdleUnload <= MostIdle),
            nameof(options.IdleUnload), $"{options.IdleUnload}", $"a positive time of at most {MostIdle.Days} days");
        for (int i = 0; i < options.Models.Count; i++)
        {
            var model = options.Models[i];
            failures.Within($"{nameof(options.Models)}:{i}", part =>
            {
                part.Require(model.Name != "", nameof(model.Name), model.Name, "a name");
                MistralOptionsValidation.Check(model, part);
            });
        }

        for (int i = 0; i < options.AllowedOrigins.Count; i++)
        {
            string origin = options.AllowedOrigins[i];
            failures.Require(
                AllowedOrigins.IsOrigin(origin), $"{nameof(options.AllowedOrigins)}:{i}", origin,
                $"an origin such as https://example.com, or {AllowedOrigins.Any}");
        }

        RequireKeys(nameof(options.ApiKeys), options.ApiKeys);
        RequireKeys(nameof(options.AdminKeys), options.AdminKeys);
        return failures.Result;

        void RequireKeys(string key, IList<string> lines)
        {
            for (int i = 0; i < lines.Count; i++)
            {
                try
                {
                    failures.Require(ApiKey.Parse(lines[i], i) is not null, $"{key}:{i}", "nothing", "a key");
                }
                catch (FormatException exception)
                {
                    failures.Add(key, exception.Message);
                }
            }
        }
    }
}
