using Mistral.Ilgpu.Tests.Cli;
using OpenQA.Selenium;
using OpenQA.Selenium.Chrome;
using Xunit;

namespace Mistral.Ilgpu.Tests.Profiling;

/// <summary>One page of <c>mistral profile --html</c>, open in one browser without a window.</summary>
public sealed class ProfiledPage : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Lazy<ChromeDriver> _browser = new(Start);
    private readonly Lazy<Uri> _address;

    public ProfiledPage() => _address = new(() =>
    {
        string file = _folder.File("profile.html");
        CommandRun.Of("profile", "--device", "cpu", "-p", "8", "-n", "2", "--html", file, "--quiet").Expect(0);
        return new Uri(file);
    });

    /// <summary>Shows it on a screen; what it shows must not depend on the window's own borders.</summary>
    /// <param name="scheme">light or dark.</param>
    public ChromeDriver Open(int width, int height, string scheme)
    {
        var browser = _browser.Value;
        browser.ExecuteCdpCommand("Emulation.setDeviceMetricsOverride", new()
        {
            ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = width < 500,
        });
        var feature = new Dictionary<string, object> { ["name"] = "prefers-color-scheme", ["value"] = scheme };
        browser.ExecuteCdpCommand("Emulation.setEmulatedMedia", new() { ["features"] = new object[] { feature } });
        browser.Navigate().GoToUrl(_address.Value);
        return browser;
    }

    public void Dispose()
    {
        if (_browser.IsValueCreated)
        {
            _browser.Value.Dispose();
        }

        _folder.Dispose();
    }

    private static ChromeDriver Start()
    {
        string? driver = Find("chromedriver");
        string? browser = Find("chromium", "google-chrome", "chrome");
        if (Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.True(driver is not null && browser is not null, "CI must provide chromium and chromedriver");
        }

        Assert.SkipWhen(driver is null || browser is null, "no chromium or no chromedriver on PATH");
        var options = new ChromeOptions { BinaryLocation = browser };
        options.AddArguments(
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking");
        options.SetLoggingPreference(LogType.Browser, OpenQA.Selenium.LogLevel.All);
        var service = ChromeDriverService.CreateDefaultService(Path.GetDirectoryName(driver), Path.GetFileName(driver));
        service.SuppressInitialDiagnosticInformation = true;
        return new ChromeDriver(service, options);
    }

    private static string? Find(params string[] names) => names
        .SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(path => Path.Combine(path, name)))
        .FirstOrDefault(File.Exists);
}
