@main enum CacheWriter { static func main() {} }
